/* The names of client.js, to import. */
import "./client.js";

export const { createClient, OTPError, client, setActive, signOut } = globalThis.PasswordlessOTP;
