/* What a typed front end writes: all of it compiles. */
import React from "react";

import { client, createClient, isOTPError, OTPError, setActive, signOut } from "django-passwordless-otp";
import type { Client, ErrorCode, SignIn } from "django-passwordless-otp";
import { createHooks } from "django-passwordless-otp/react";
import "django-passwordless-otp/script";

declare module "django-passwordless-otp" {
  interface OwnErrorCodes {
    shop_closed: true;
  }
}

export async function signUpByPhone(code: string): Promise<void> {
  const { signUp } = client;
  await signUp.create({ phoneNumber: "+11111111111", unsafeMetadata: { plan: "free" } });
  await signUp.prepareEmailAddressVerification({ unlockToken: "t" }, { extra: { "cf-turnstile-response": "t" } });
  await signUp.preparePhoneNumberVerification();
  await signUp.attemptPhoneNumberVerification({ code });
  await signUp.attemptPhoneNumberVerification({ code: 123456 });
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

export async function start(identifier: string, signal: AbortSignal): Promise<ErrorCode | null> {
  const { userSettings, authConfig } = await client.environment({ signal });
  if (!userSettings.attributes.emailAddress.enabled || !authConfig.firstFactors.includes("email_code")) return null;
  try {
    await client.signIn.create({ identifier }, { signal });
    await client.load({ signal });
    await setActive({ session: client.signIn.createdSessionId }, { signal });
  } catch (error) {
    if (!isOTPError(error)) throw error;
    const [{ code }] = error.errors;
    return code === "form_code_incorrect" || code === "shop_closed" ? null : code;
  }
  return null;
}

const { useClient, useSession, useSignIn, useSignUp, useUser } = createHooks(React, createClient({ baseUrl: "/auth/" }));

export function useNames(): string[] {
  const { isLoaded, isSignedIn } = useClient();
  const { user } = useUser();
  const { session } = useSession();
  const { signIn } = useSignIn();
  const { signUp } = useSignUp();
  return isLoaded ? [user?.firstName ?? "", session?.id ?? "", String(isSignedIn), signIn.identifier ?? "", signUp.missingFields.join()] : [];
}

window.PasswordlessOTP.client.addListener(({ session }) => console.log(session?.publicUserData.identifier));
export const leave: () => Promise<void> = signOut;
