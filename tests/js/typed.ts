/* What a typed front end writes: all of it compiles. */
import React from "react";

import { client, createClient, OTPError, setActive, signOut } from "passwordless_otp/client.module.js";
import type { Client, SignIn } from "passwordless_otp/client.module.js";
import { createHooks } from "passwordless_otp/react.js";

export async function signUpByPhone(code: string): Promise<void> {
  const { signUp } = client;
  await signUp.create({ phoneNumber: "+11111111111", unsafeMetadata: { plan: "free" } });
  await signUp.prepareEmailAddressVerification({ unlockToken: "t" });
  await signUp.preparePhoneNumberVerification();
  await signUp.attemptPhoneNumberVerification({ code });
  const until: Date | null | undefined = signUp.verifications.phoneNumber?.expireAt;
  if (signUp.status === "complete") await setActive({ session: signUp.createdSessionId });
  console.log(until?.toISOString(), client.user?.emailAddresses[0]?.emailAddress);
}

export async function signInByEither(own: Client, identifier: string, code: string): Promise<SignIn> {
  const { signIn } = own;
  await signIn.create({ identifier, signUpIfMissing: true, unlockToken: "t" });
  for (const factor of signIn.supportedFirstFactors ?? []) {
    await signIn.prepareFirstFactor(factor);
    if (factor.strategy === "email_code") console.log(factor.emailAddressId.length);
  }
  await signIn.attemptFirstFactor({ strategy: "phone_code", code });
  await own.setActive({ sessionId: signIn.createdSessionId });
  if (own.session) await own.setActive({ session: own.session });
  return signIn;
}

export function say(error: unknown): string {
  if (!(error instanceof OTPError)) return "Nobody answers.";
  const wait: number | null = error.retryAfter;
  return `${error.errors[0].longMessage} ${error.errors[0].meta.paramName} ${wait} ${error.status}`;
}

const { useClient, useSignIn, useSignUp } = createHooks(React, createClient({ baseUrl: "/auth/" }));

export function useNames(): string[] {
  const { isLoaded, user } = useClient();
  const { signIn } = useSignIn();
  const { signUp } = useSignUp();
  return isLoaded ? [user?.firstName ?? "", signIn.identifier ?? "", signUp.missingFields.join()] : [];
}

window.PasswordlessOTP.client.addListener(({ session }) => console.log(session?.publicUserData.identifier));
export const leave: () => Promise<void> = signOut;
