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

export interface CallOptions {
  /** Ends the call. What the server has begun by then is not undone. */
  signal?: AbortSignal;
  /** Parameters for the site's own code, such as the token for a bot check. They are sent as they are. */
  extra?: Readonly<Record<string, string>>;
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
    params: { identifier: string; strategy?: Strategy; signUpIfMissing?: boolean } & Unlock,
    options?: CallOptions,
  ): Promise<SignIn>;
  prepareFirstFactor(
    params: { strategy: Strategy; emailAddressId?: string; phoneNumberId?: string } & Unlock,
    options?: CallOptions,
  ): Promise<SignIn>;
  attemptFirstFactor(
    params: { strategy: Strategy; code: string | number },
    options?: CallOptions,
  ): Promise<SignIn>;
  reload(options?: CallOptions): Promise<SignIn>;
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
  create(
    params?: SignUpFields & { strategy?: Strategy; transfer?: boolean } & Unlock,
    options?: CallOptions,
  ): Promise<SignUp>;
  update(params: SignUpFields, options?: CallOptions): Promise<SignUp>;
  prepareVerification(params: { strategy: Strategy } & Unlock, options?: CallOptions): Promise<SignUp>;
  attemptVerification(
    params: { strategy: Strategy; code: string | number },
    options?: CallOptions,
  ): Promise<SignUp>;
  prepareEmailAddressVerification(params?: Unlock, options?: CallOptions): Promise<SignUp>;
  preparePhoneNumberVerification(params?: Record<string, never>, options?: CallOptions): Promise<SignUp>;
  attemptEmailAddressVerification(params: { code: string | number }, options?: CallOptions): Promise<SignUp>;
  attemptPhoneNumberVerification(params: { code: string | number }, options?: CallOptions): Promise<SignUp>;
  reload(options?: CallOptions): Promise<SignUp>;
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

/** Confirm the session that a complete flow has made. Without one, as of a flow that is not complete, it rejects. */
export type SetActive = (
  params: { session: Session | string | null } | { sessionId: string | null },
  options?: CallOptions,
) => Promise<void>;

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
  load(options?: CallOptions): Promise<Client>;
  /** Ask what the site offers. It is the same for every visitor. */
  environment(options?: CallOptions): Promise<Environment>;
  setActive: SetActive;
  signOut(options?: CallOptions): Promise<void>;
  /** Be called after every change. Returns a function that ends it. */
  addListener(listener: (client: Client) => void): () => void;
}

/** Whether the site asks for this, and how it is proven. */
export interface Attribute {
  readonly enabled: boolean;
  readonly required: boolean;
  readonly usedForFirstFactor: boolean;
  readonly firstFactors: readonly Strategy[];
  readonly verifications: readonly Strategy[];
  readonly verifyAtSignUp: boolean;
}

/** What the site offers. The answer has more, for the sake of Clerk's front ends. */
export interface Environment {
  readonly authConfig: {
    readonly testMode: boolean;
    readonly firstFactors: readonly Strategy[];
    readonly identificationStrategies: readonly ("email_address" | "phone_number")[];
  };
  readonly displayConfig: {
    readonly applicationName: string;
    readonly homeUrl: string;
    readonly signInUrl: string;
    readonly signUpUrl: string;
    readonly afterSignInUrl: string;
    readonly afterSignUpUrl: string;
    readonly afterSignOutOneUrl: string;
    readonly supportEmail: string;
  };
  readonly userSettings: {
    readonly attributes: Readonly<
      Record<"emailAddress" | "phoneNumber" | "username" | "firstName" | "lastName", Attribute>
    >;
    readonly signUp: { readonly mode: "public" | "restricted" };
    readonly attackProtection: { readonly enumerationProtection: { readonly enabled: boolean } };
  };
}

export interface ClientOptions {
  /** Where the site includes our URLs, such as "/auth/". */
  baseUrl?: string;
  csrfCookie?: string;
  csrfHeader?: string;
  fetch?: typeof fetch;
}

/** Add codes of your site: `declare module "django-passwordless-otp" { interface OwnErrorCodes { shop_closed: true } }` */
export interface OwnErrorCodes {}

export type ErrorCode =
  | keyof OwnErrorCodes
  | "account_transfer_invalid"
  | "captcha_invalid"
  | "form_code_incorrect"
  | "form_email_address_blocked"
  | "form_identifier_exists"
  | "form_identifier_not_found"
  | "form_param_format_invalid"
  | "form_param_missing"
  | "form_param_value_disabled"
  | "form_param_value_invalid"
  | "identification_claimed"
  | "method_not_allowed"
  | "not_allowed_access"
  | "request_body_invalid"
  | "request_origin_refused"
  | "request_too_large"
  | "resource_not_found"
  | "second_factor_required"
  | "service_unavailable"
  | "session_exists"
  | "sign_up_if_missing_not_allowed"
  | "sign_up_if_missing_transfer"
  | "sign_up_mode_restricted"
  | "signed_out"
  | "strategy_for_user_invalid"
  | "too_many_requests"
  | "unreadable_answer"
  | "unsupported_content_type"
  | "unsupported_country_code"
  | "verification_already_verified"
  | "verification_code_too_many_requests"
  | "verification_expired"
  | "verification_failed"
  | "verification_missing";

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  /** A sentence for people, in their language. */
  readonly longMessage: string;
  readonly meta: { readonly paramName?: string; readonly redirectUrl?: string; readonly otherLoginUrl?: string };
}

export interface OTPError extends Error {
  readonly name: "OTPError";
  readonly status: number;
  readonly errors: readonly [Refusal, ...Refusal[]];
  /** Seconds, or null. */
  readonly retryAfter: number | null;
}

export declare const OTPError: {
  new (status: number, errors: readonly [Refusal, ...Refusal[]], retryAfter?: number | null): OTPError;
  readonly prototype: OTPError;
};

export declare function isOTPError(error: unknown): error is OTPError;
export declare function createClient(options?: ClientOptions): Client;
/** The page's own client. */
export declare const client: Client;
export declare const setActive: SetActive;
export declare function signOut(options?: CallOptions): Promise<void>;
