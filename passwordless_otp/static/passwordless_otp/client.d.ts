import type * as names from "./client.module.js";

export type * from "./client.module.js";

/** What the classic script defines. */
export type API = Pick<
  typeof names,
  "client" | "createClient" | "isOTPError" | "OTPError" | "setActive" | "signOut"
>;

declare global {
  var PasswordlessOTP: API;
  interface Window {
    PasswordlessOTP: API;
  }
}
