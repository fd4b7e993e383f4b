/* Hooks for React 18 and 19, made from the React that the page passes in. */
import "./client.js";

export function createHooks(React, client = globalThis.PasswordlessOTP.client) {
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
    React.useSyncExternalStore(subscribe, () => version, () => version);
    React.useEffect(() => {
      if (!client.isLoaded && !loading) load();
    }, []);
    const { isLoaded, session, user, setActive, signOut } = client;
    return { isLoaded, error, client, session, user, setActive, signOut };
  }

  function useSignIn() {
    const { isLoaded, error, setActive } = useClient();
    return { isLoaded, error, signIn: client.signIn, setActive };
  }

  function useSignUp() {
    const { isLoaded, error, setActive } = useClient();
    return { isLoaded, error, signUp: client.signUp, setActive };
  }

  return { useClient, useSignIn, useSignUp };
}
