import type { Client, Session, SetActive, SignIn, SignUp, User } from "./client.js";

/** What of React is used. */
interface ReactLike {
  useEffect(effect: () => void, dependencies: readonly unknown[]): void;
  useSyncExternalStore<T>(subscribe: (changed: () => void) => () => void, get: () => T, getOnServer: () => T): T;
}

interface Loading {
  readonly isLoaded: boolean;
  /** Why the server could not be asked. */
  readonly error: Error | null;
  readonly setActive: SetActive;
}

export interface Hooks {
  useClient(): Loading & {
    readonly client: Client;
    readonly session: Session | null;
    readonly user: User | null;
    signOut(): Promise<void>;
  };
  useSignIn(): Loading & { readonly signIn: SignIn };
  useSignUp(): Loading & { readonly signUp: SignUp };
}

export declare function createHooks(React: ReactLike, client?: Client): Hooks;
