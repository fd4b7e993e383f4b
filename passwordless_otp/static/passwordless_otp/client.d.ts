/* client.js makes `PasswordlessOTP`; client.module.js exports the same names. */

export type Strategy = "email_code" | "phone_code";

export interface Verification {
  readonly status: "unverified" | "verified" | "failed" | "expired" | "transferable";
  readonly strategy: Strategy | "";
  /** The tries so far; null before a code was sent. */
  readonly attempts: number | null;
  readonly expireAt: Date | null;
  readonly resendAt: Date | null;
  readonly codeLength: number;
  readonly codeAlphabet: "digits" | "base32";
  readonly channel?: "sms";
}

export interface SignUpVerification extends Verification {
  readonly nextAction: "needs_prepare" | "needs_attempt" | "";
  readonly supportedStrategies: readonly Strategy[];
}

export interface EmailFactor {
  readonly strategy: "email_code";
  readonly emailAddressId: string;
  readonly phoneNumberId?: undefined;
  readonly safeIdentifier: string;
  readonly primary: boolean;
}

export interface PhoneFactor {
  readonly strategy: "phone_code";
  readonly phoneNumberId: string;
  readonly emailAddressId?: undefined;
  readonly safeIdentifier: string;
  readonly primary: boolean;
}

export interface Unlock {
  /** The token of an unlock link: the last part of its path. */
  unlockToken?: string;
}

export interface SignIn {
  readonly id: string | null;
  readonly status: "needs_identifier" | "needs_first_factor" | "complete" | "abandoned" | null;
  readonly identifier: string | null;
  readonly supportedIdentifiers: readonly ("email_address" | "phone_number")[];
  readonly supportedFirstFactors: readonly (EmailFactor | PhoneFactor)[] | null;
  readonly firstFactorVerification: Verification | null;
  readonly createdSessionId: string | null;
  readonly abandonAt: Date | null;
  create(
    params: { identifier?: string; strategy?: Strategy; signUpIfMissing?: boolean } & Unlock,
  ): Promise<SignIn>;
  prepareFirstFactor(
    params: { strategy: Strategy; emailAddressId?: string; phoneNumberId?: string } & Unlock,
  ): Promise<SignIn>;
  attemptFirstFactor(params: { strategy: Strategy; code: string }): Promise<SignIn>;
  reload(): Promise<SignIn>;
}

export interface SignUpFields {
  emailAddress?: string;
  phoneNumber?: string;
  username?: string;
  firstName?: string;
  lastName?: string;
  unsafeMetadata?: Record<string, unknown>;
}

export interface SignUp {
  readonly id: string | null;
  readonly status: "missing_requirements" | "complete" | "abandoned" | null;
  readonly requiredFields: readonly string[];
  readonly optionalFields: readonly string[];
  readonly missingFields: readonly string[];
  readonly unverifiedFields: readonly string[];
  readonly verifications: {
    readonly emailAddress: SignUpVerification | null;
    readonly phoneNumber: SignUpVerification | null;
  };
  readonly emailAddress: string | null;
  readonly phoneNumber: string | null;
  readonly username: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly unsafeMetadata: Record<string, unknown>;
  readonly createdSessionId: string | null;
  readonly createdUserId: string | null;
  readonly abandonAt: Date | null;
  create(params: SignUpFields & { strategy?: Strategy; transfer?: boolean } & Unlock): Promise<SignUp>;
  update(params: SignUpFields): Promise<SignUp>;
  prepareVerification(params: { strategy: Strategy } & Unlock): Promise<SignUp>;
  attemptVerification(params: { strategy: Strategy; code: string }): Promise<SignUp>;
  prepareEmailAddressVerification(params?: Unlock): Promise<SignUp>;
  preparePhoneNumberVerification(): Promise<SignUp>;
  attemptEmailAddressVerification(params: { code: string }): Promise<SignUp>;
  attemptPhoneNumberVerification(params: { code: string }): Promise<SignUp>;
  reload(): Promise<SignUp>;
}

export interface EmailAddress {
  readonly id: string;
  readonly emailAddress: string;
}

export interface PhoneNumber {
  readonly id: string;
  readonly phoneNumber: string;
}

export interface User {
  readonly id: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly username: string | null;
  readonly emailAddresses: readonly EmailAddress[];
  readonly phoneNumbers: readonly PhoneNumber[];
  readonly primaryEmailAddressId: string | null;
  readonly primaryPhoneNumberId: string | null;
  readonly createdAt: Date | null;
  readonly lastSignInAt: Date | null;
}

export interface Session {
  readonly id: string;
  readonly status: "active";
  readonly user: User;
  readonly expireAt: Date;
  readonly publicUserData: {
    readonly firstName: string | null;
    readonly lastName: string | null;
    readonly identifier: string;
    readonly userId: string;
  };
}

/** Confirm the session that a complete flow has made. */
export type SetActive = (params: { session: Session | string | null } | { sessionId: string | null }) => Promise<void>;

export interface Client {
  readonly client: Client;
  readonly id: string | null;
  readonly isLoaded: boolean;
  readonly sessions: readonly Session[];
  readonly session: Session | null;
  readonly user: User | null;
  readonly lastActiveSessionId: string | null;
  readonly signIn: SignIn;
  readonly signUp: SignUp;
  /** Ask the server who is signed in here, and which flow is open. */
  load(): Promise<Client>;
  setActive: SetActive;
  signOut(): Promise<void>;
  /** Be called after every change. Returns a function that ends it. */
  addListener(listener: (client: Client) => void): () => void;
}

export interface ClientOptions {
  /** Where the site includes our URLs, such as "/auth/". */
  baseUrl?: string;
  csrfCookie?: string;
  csrfHeader?: string;
  fetch?: typeof fetch;
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** A sentence for people, in their language. */
  readonly longMessage: string;
  readonly meta: { readonly paramName?: string; readonly redirectUrl?: string };
}

export interface OTPError extends Error {
  readonly name: "OTPError";
  readonly status: number;
  readonly errors: readonly [Refusal, ...Refusal[]];
  /** Seconds, or null. */
  readonly retryAfter: number | null;
}

export interface API {
  createClient(options?: ClientOptions): Client;
  readonly OTPError: new (
    status: number,
    errors: readonly [Refusal, ...Refusal[]],
    retryAfter?: number | null,
  ) => OTPError;
  readonly client: Client;
  readonly setActive: SetActive;
  signOut(): Promise<void>;
}

declare global {
  var PasswordlessOTP: API;
  interface Window {
    PasswordlessOTP: API;
  }
}
