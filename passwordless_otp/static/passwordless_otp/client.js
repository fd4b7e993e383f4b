/* The JavaScript client of passwordless_otp.
 *
 * A classic script, which can be imported for its effect too: both make `PasswordlessOTP`. (`export` may not stand
 * in a classic script; the names to import are in client.module.js.)
 */
(() => {
  "use strict";
  if (globalThis.PasswordlessOTP) return; // a page that loads it both ways has one client

  const PATIENCE = 30000; // milliseconds, for an answer: the next call waits for it

  const SIGN_IN = {
    id: null,
    status: null,
    identifier: null,
    supportedIdentifiers: [],
    supportedFirstFactors: null,
    firstFactorVerification: null,
    createdSessionId: null,
    abandonAt: null,
  };
  const SIGN_UP = {
    id: null,
    status: null,
    requiredFields: [],
    optionalFields: [],
    missingFields: [],
    unverifiedFields: [],
    verifications: { emailAddress: null, phoneNumber: null },
    emailAddress: null,
    phoneNumber: null,
    username: null,
    firstName: null,
    lastName: null,
    unsafeMetadata: {},
    createdSessionId: null,
    createdUserId: null,
    abandonAt: null,
  };

  const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

  /** Give what came over the wire JavaScript's names and dates. */
  function read(value) {
    if (Array.isArray(value)) return value.map(read);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camel(key), readMember(key, inner)]));
  }

  function readMember(key, value) {
    if (key === "unsafe_metadata") return value; // the page's own: nothing in it is ours to rename
    return key.endsWith("_at") && typeof value === "number" ? new Date(value) : read(value);
  }

  /** Give parameters the wire's names; what is not there is left out. */
  function write(params) {
    const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== null);
    const text = (value) => (typeof value === "object" ? JSON.stringify(value) : value);
    return JSON.stringify(Object.fromEntries(given.map(([key, value]) => [snake(key), text(value)])));
  }

  /** The server has refused. `errors` has at least one entry; `retryAfter` is in seconds, or null. */
  class OTPError extends Error {
    constructor(status, errors, retryAfter = null) {
      super(errors[0].longMessage || errors[0].message);
      Object.assign(this, { name: "OTPError", status, errors, retryAfter });
    }
  }

  function refusal(answer, data) {
    const message = `The answer is no JSON, and its status is ${answer.status}.`;
    const unreadable = { code: "unreadable_answer", message, longMessage: message, meta: {} };
    const errors = data?.errors ? read(data.errors) : [unreadable];
    return new OTPError(answer.status, errors, Number(answer.headers.get("Retry-After")) || null);
  }

  /** One person's way in. It is live: each answer of the server changes it. */
  class Flow {
    #call;
    #path;
    #blank;

    constructor(call, path, blank) {
      this.#call = call;
      this.#path = path;
      this.#blank = blank;
      Flow.fill(this, null);
    }

    static fill(flow, data) {
      Object.assign(flow, flow.#blank, data && read(data));
    }

    async create(params) {
      await this.#call("POST", () => this.#path, params);
      return this;
    }

    reload() {
      return this._step("GET", "");
    }

    /** `none` is no flow's name: the server says in the visitor's language that there is none. */
    async _step(method, name, params) {
      await this.#call(method, () => `${this.#path}/${this.id || "none"}${name}`, params);
      return this;
    }
  }

  class SignIn extends Flow {
    prepareFirstFactor(params) {
      return this._step("POST", "/prepare_first_factor", params);
    }

    attemptFirstFactor(params) {
      return this._step("POST", "/attempt_first_factor", params);
    }
  }

  class SignUp extends Flow {
    update(params) {
      return this._step("PATCH", "", params);
    }

    prepareVerification(params) {
      return this._step("POST", "/prepare_verification", params);
    }

    attemptVerification(params) {
      return this._step("POST", "/attempt_verification", params);
    }

    prepareEmailAddressVerification({ unlockToken } = {}) {
      return this.prepareVerification({ strategy: "email_code", unlockToken });
    }

    preparePhoneNumberVerification() {
      return this.prepareVerification({ strategy: "phone_code" });
    }

    attemptEmailAddressVerification({ code }) {
      return this.attemptVerification({ strategy: "email_code", code });
    }

    attemptPhoneNumberVerification({ code }) {
      return this.attemptVerification({ strategy: "phone_code", code });
    }
  }

  /** Read the cookie anew each time: a login gives it another value. */
  function cookie(name) {
    const all = globalThis.document ? document.cookie.split("; ") : [];
    const own = all.find((one) => one.startsWith(`${name}=`));
    return own ? own.slice(name.length + 1) : "";
  }

  /** What `{% otp_client %}` says of this site. */
  function tagged() {
    const tag = globalThis.document?.querySelector("script[data-otp-base-url]");
    const { otpBaseUrl, otpCsrfCookie, otpCsrfHeader } = tag ? tag.dataset : {};
    return { baseUrl: otpBaseUrl, csrfCookie: otpCsrfCookie, csrfHeader: otpCsrfHeader };
  }

  function createClient(options = {}) {
    const site = { ...tagged(), ...options };
    const { baseUrl = "/auth/", csrfCookie = "csrftoken", csrfHeader = "X-CSRFToken" } = site;
    const request = site.fetch || ((...all) => globalThis.fetch(...all));
    const here = globalThis.location;
    const root = new URL(baseUrl.replace(/\/?$/, "/v1/"), here && here.href);
    const listeners = new Set();
    let last = Promise.resolve();

    /** Ask the server. Throws what `fetch` does where nobody answers. */
    async function ask(method, path, params = {}) {
      const headers = { Accept: "application/json" };
      if (method !== "GET") headers["Content-Type"] = "application/json";
      const token = cookie(csrfCookie);
      if (token && root.origin === here.origin) headers[csrfHeader] = token; // nobody else's business
      const body = method === "GET" ? undefined : write(params);
      const signal = AbortSignal.timeout(PATIENCE);
      const sent = { method, headers, body, signal, credentials: "include" };
      const answer = await request(new URL(path, root).href, sent);
      return { answer, data: await answer.json().catch(() => null) };
    }

    /** Take over what the server says of this browser, and of the flow that was asked for. */
    function take(data, response) {
      const sessions = data ? read(data.sessions) : [];
      const session = sessions.find((one) => one.id === data.last_active_session_id) || null;
      Object.assign(client, { id: data ? data.id : null, isLoaded: true, sessions, session });
      client.lastActiveSessionId = session && session.id;
      client.user = session && session.user;
      takeFlow(client.signIn, data && data.sign_in, response);
      takeFlow(client.signUp, data && data.sign_up, response);
      listeners.forEach((listener) => queueMicrotask(() => listener(client))); // one that fails spoils no call
    }

    function takeFlow(flow, open, response) {
      const object = flow === client.signIn ? "sign_in_attempt" : "sign_up_attempt";
      const own = response && response.object === object ? response : open;
      const kept = client.sessions.some((session) => session.id === flow.createdSessionId);
      if (own || !kept) Flow.fill(flow, own);
    }

    /** One call after the other: two at once could make two flows, and the older answer could come last. */
    function call(method, path, params) {
      const answered = last.then(async () => {
        const { answer, data } = await ask(method, path(), params);
        if (answer.ok && data) return take(data.client, data.response);
        await catchUp(answer.status, data);
        throw refusal(answer, data);
      });
      last = answered.catch(() => {});
      return answered;
    }

    /** A refusal may have changed something, too: a wrong code has cost a try. */
    async function catchUp(status, data) {
      if (status === 429 || status >= 500) return;
      const { data: read } = data?.meta?.client ? { data: data.meta } : await ask("GET", "client").catch(() => ({}));
      if (read && read.client !== undefined) take(read.client);
    }

    const client = {
      id: null,
      isLoaded: false,
      sessions: [],
      session: null,
      user: null,
      lastActiveSessionId: null,
      signIn: new SignIn(call, "client/sign_ins", SIGN_IN),
      signUp: new SignUp(call, "client/sign_ups", SIGN_UP),
      async load() {
        await call("GET", () => "client");
        return client;
      },
      async setActive({ session, sessionId } = {}) {
        const given = session || sessionId;
        const id = given && typeof given === "object" ? given.id : given;
        if (!id) throw new TypeError("setActive() needs a session, or its id: is the flow complete?");
        await call("POST", () => `client/sessions/${encodeURIComponent(id)}/touch`);
      },
      async signOut() {
        await call("DELETE", () => "client/sessions");
      },
      addListener(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    client.client = client; // so that `const { client, setActive } = createClient()` works, as with the page's own
    return client;
  }

  let own;
  globalThis.PasswordlessOTP = {
    createClient,
    OTPError,
    /** The page's own client, made when it is first asked for. */
    get client() {
      own = own || createClient();
      return own;
    },
    setActive: (params) => globalThis.PasswordlessOTP.client.setActive(params),
    signOut: () => globalThis.PasswordlessOTP.client.signOut(),
  };
})();
