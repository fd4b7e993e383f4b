import type { API } from "./client.js";

export type * from "./client.js";
export declare const createClient: API["createClient"];
export declare const OTPError: API["OTPError"];
export declare const client: API["client"];
export declare const setActive: API["setActive"];
export declare const signOut: API["signOut"];
