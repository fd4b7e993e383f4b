import type { CallOptions, Client, Session, SetActive, SignIn, SignUp, User } from "./client.module.js";

/** What of React is used. */
interface ReactLike {
  useEffect(effect: () => void, dependencies: readonly unknown[]): void;
  useSyncExternalStore<T>(subscribe: (changed: () => void) => () => void, get: () => T, getOnServer: () => T): T;
}

interface Asked {
  readonly isLoaded: boolean;
  /** Why the server could not be asked. */
  readonly error: Error | null;
}

interface Loading extends Asked {
  readonly setActive: SetActive;
}

export interface Hooks {
  useClient(): Loading & {
    readonly client: Client;
    readonly isSignedIn: boolean;
    readonly session: Session | null;
    readonly user: User | null;
    signOut(options?: CallOptions): Promise<void>;
  };
  useSignIn(): Loading & { readonly signIn: SignIn };
  useSignUp(): Loading & { readonly signUp: SignUp };
  useSession(): Asked & { readonly isSignedIn: boolean; readonly session: Session | null };
  useUser(): Asked & { readonly isSignedIn: boolean; readonly user: User | null };
}

export declare function createHooks(React: ReactLike, client?: Client): Hooks;
