/* Hooks for React 18 and 19, made from the React that the page passes in. */
import { client as own } from "./client.module.js";

export function createHooks(React, client = own) {
  let version = 0;
  let error = null;
  let loading = null;
  const listeners = new Set();
  client.addListener(changed);

  function changed() {
    version += 1;
    listeners.forEach((listener) => listener());
  }

  function subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Once for all components, and anew after a failure when another one comes. */
  function load() {
    error = null;
    loading = client.load().catch((reason) => {
      error = reason;
      loading = null;
      changed();
    });
  }

  /** `isLoaded` is false until the server has said who is signed in; `error` is why it could not. */
  function useClient() {
    // HTML from a server knows nobody, and the first rendering in the browser has to be the same.
    const hydrated = React.useSyncExternalStore(subscribe, () => version, () => -1) >= 0;
    React.useEffect(() => {
      if (!client.isLoaded && !loading) load();
    }, []);
    const { setActive, signOut } = client;
    const isLoaded = hydrated && client.isLoaded;
    const [session, user] = isLoaded ? [client.session, client.user] : [null, null];
    const isSignedIn = session !== null;
    return { isLoaded, error: hydrated ? error : null, client, isSignedIn, session, user, setActive, signOut };
  }

  function useSignIn() {
    const { isLoaded, error, setActive } = useClient();
    return { isLoaded, error, signIn: client.signIn, setActive };
  }

  function useSignUp() {
    const { isLoaded, error, setActive } = useClient();
    return { isLoaded, error, signUp: client.signUp, setActive };
  }

  function useSession() {
    const { isLoaded, error, isSignedIn, session } = useClient();
    return { isLoaded, error, isSignedIn, session };
  }

  function useUser() {
    const { isLoaded, error, isSignedIn, user } = useClient();
    return { isLoaded, error, isSignedIn, user };
  }

  return { useClient, useSignIn, useSignUp, useSession, useUser };
}
