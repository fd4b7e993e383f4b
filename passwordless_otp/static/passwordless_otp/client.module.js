/* The JavaScript client of passwordless_otp, as an ES module. Importing it does nothing, also where there is no page.
 *
 * `client.js` is the same as a classic script, made by `python -m tools.client_script`.
 */
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

/** What each call takes: names that have to be given; names that may be. */
const FIELDS = "emailAddress phoneNumber username firstName lastName unsafeMetadata";
const TAKES = {
  createClient: "; baseUrl csrfCookie csrfHeader fetch",
  "client.setActive": "; session sessionId",
  "signIn.create": "identifier; strategy signUpIfMissing unlockToken",
  "signIn.prepareFirstFactor": "strategy; emailAddressId phoneNumberId unlockToken",
  "signIn.attemptFirstFactor": "strategy code;",
  "signUp.create": `; ${FIELDS} strategy transfer unlockToken`,
  "signUp.update": `; ${FIELDS}`,
  "signUp.prepareVerification": "strategy; unlockToken",
  "signUp.attemptVerification": "strategy code;",
  "signUp.prepareEmailAddressVerification": "; unlockToken",
  "signUp.preparePhoneNumberVerification": ";",
  "signUp.attemptEmailAddressVerification": "code;",
  "signUp.attemptPhoneNumberVerification": "code;",
};

/** Refuse by name what a call does not take, which the server would ignore, and what it lacks. */
function check(call, params, more = []) {
  const [needed, optional] = TAKES[call].split(";").map((names) => names.match(/\w+/g) || []);
  const taken = [...needed, ...optional];
  const signature = `${call}(${taken.length ? `{ ${taken.join(", ")} }` : ""})`;
  if (params === null || typeof params !== "object") throw new TypeError(`${call}() takes an object: ${signature}.`);
  const strange = Object.keys(params).find((name) => !taken.includes(name) && !more.includes(name));
  if (strange) throw new TypeError(`${call}() does not take "${strange}": ${signature}.`);
  const lacking = needed.find((name) => params[name] === undefined || params[name] === null);
  if (lacking) throw new TypeError(`${call}() needs "${lacking}": ${signature}.`);
}

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

/** Give parameters the wire's names; what is not there is left out. `extra` is for the site's own code, as it is. */
function write(params, extra) {
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== null);
  const text = (value) => (typeof value === "object" ? JSON.stringify(value) : value);
  return JSON.stringify({ ...extra, ...Object.fromEntries(given.map(([key, value]) => [snake(key), text(value)])) });
}

/** The server has refused. `errors` has at least one entry; `retryAfter` is in seconds, or null. */
export class OTPError extends Error {
  constructor(status, errors, retryAfter = null) {
    super(errors[0].longMessage || errors[0].message);
    Object.assign(this, { name: "OTPError", status, errors, retryAfter });
  }

  /** A page with the script and a bundle has this class twice. */
  static [Symbol.hasInstance](value) {
    return isOTPError(value);
  }
}

/** Return whether the server has refused; everything else that is thrown is a fault. */
export function isOTPError(error) {
  return error instanceof Error && error.name === "OTPError";
}

function refusal(answer, data) {
  const message = `The answer is no JSON, and its status is ${answer.status}.`;
  const unreadable = { code: "unreadable_answer", message, longMessage: message, meta: {} };
  const errors = data?.errors ? read(data.errors) : [unreadable];
  return new OTPError(answer.status, errors, secondsUntil(answer.headers.get("Retry-After")));
}

/** Read `Retry-After`: a number of seconds, or the date that a proxy may write. */
function secondsUntil(text) {
  const seconds = Number(text) || Math.ceil((Date.parse(text) - Date.now()) / 1000);
  return seconds > 0 ? seconds : null;
}

/** Return the signal that ends a call. An older browser knows one reason only: then it is the caller's. */
function limit(signal) {
  const limited = AbortSignal.timeout(PATIENCE);
  if (!signal) return limited;
  return AbortSignal.any ? AbortSignal.any([limited, signal]) : signal;
}

/** Settle as the call does, or as soon as it is aborted, also while it waits for an earlier call. */
function abortable(answered, signal) {
  if (!signal) return answered;
  return new Promise((settle, fail) => {
    const abort = () => fail(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
    answered.then(settle, fail).finally(() => signal.removeEventListener("abort", abort));
  });
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

  async _create(name, params = {}, options) {
    check(name, params);
    await this.#call("POST", () => this.#path, params, options);
    return this;
  }

  async reload(options) {
    return this._send("GET", "", {}, options);
  }

  /** `none` is no flow's name: the server says in the visitor's language that there is none. */
  async _send(method, step, params, options) {
    await this.#call(method, () => `${this.#path}/${this.id || "none"}${step}`, params, options);
    return this;
  }
}

/** A code that is a number has lost its zeros in front. */
function withText(params, verification) {
  const { code } = params;
  if (typeof code !== "number") return params;
  return { ...params, code: String(code).padStart(verification?.codeLength || 0, "0") };
}

class SignIn extends Flow {
  create(params, options) {
    return this._create("signIn.create", params, options);
  }

  async prepareFirstFactor(params = {}, options) {
    check("signIn.prepareFirstFactor", params, Object.keys(this.supportedFirstFactors?.[0] || {})); // or a whole factor
    return this._send("POST", "/prepare_first_factor", params, options);
  }

  async attemptFirstFactor(params = {}, options) {
    check("signIn.attemptFirstFactor", params);
    return this._send("POST", "/attempt_first_factor", withText(params, this.firstFactorVerification), options);
  }
}

class SignUp extends Flow {
  create(params, options) {
    return this._create("signUp.create", params, options);
  }

  async update(params = {}, options) {
    check("signUp.update", params);
    return this._send("PATCH", "", params, options);
  }

  async prepareVerification(params = {}, options) {
    check("signUp.prepareVerification", params);
    return this._send("POST", "/prepare_verification", params, options);
  }

  async attemptVerification(params = {}, options) {
    check("signUp.attemptVerification", params);
    const { emailAddress, phoneNumber } = this.verifications;
    const verification = params.strategy === "phone_code" ? phoneNumber : emailAddress;
    return this._send("POST", "/attempt_verification", withText(params, verification), options);
  }

  async prepareEmailAddressVerification(params = {}, options) {
    check("signUp.prepareEmailAddressVerification", params);
    return this.prepareVerification({ ...params, strategy: "email_code" }, options);
  }

  async preparePhoneNumberVerification(params = {}, options) {
    check("signUp.preparePhoneNumberVerification", params);
    return this.prepareVerification({ strategy: "phone_code" }, options);
  }

  async attemptEmailAddressVerification(params = {}, options) {
    check("signUp.attemptEmailAddressVerification", params);
    return this.attemptVerification({ ...params, strategy: "email_code" }, options);
  }

  async attemptPhoneNumberVerification(params = {}, options) {
    check("signUp.attemptPhoneNumberVerification", params);
    return this.attemptVerification({ ...params, strategy: "phone_code" }, options);
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

/** Return where the API is. Only a page can complete a URL without a host. */
function rootOf(baseUrl) {
  try {
    return new URL(baseUrl.replace(/\/?$/, "/v1/"), globalThis.location?.href);
  } catch {
    const example = "https://example.com/auth/";
    throw new TypeError(`Without a page, createClient() needs a whole baseUrl, such as "${example}": not "${baseUrl}".`);
  }
}

export function createClient(options = {}) {
  check("createClient", options);
  const request = options.fetch || ((...all) => globalThis.fetch(...all));
  const listeners = new Set();
  let last = Promise.resolve();
  let known;

  /** Look at the page when the first call is made: on a server there is none. */
  function site() {
    const { baseUrl = "/auth/", csrfCookie = "csrftoken", csrfHeader = "X-CSRFToken" } = { ...tagged(), ...options };
    known = known || { root: rootOf(baseUrl), csrfCookie, csrfHeader };
    return known;
  }

  /** Ask the server. Throws what `fetch` does where nobody answers. */
  async function ask(method, path, params, { signal: given, extra } = {}) {
    given?.throwIfAborted();
    const { root, csrfCookie, csrfHeader } = site();
    const headers = { Accept: "application/json" };
    if (method !== "GET") headers["Content-Type"] = "application/json";
    const token = cookie(csrfCookie);
    if (token && root.origin === globalThis.location?.origin) headers[csrfHeader] = token; // nobody else's business
    const body = method === "GET" ? undefined : write(params, extra);
    const signal = limit(given);
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
  function call(method, path, params = {}, options = {}) {
    const answered = last.then(async () => {
      const { answer, data } = await ask(method, path(), params, options);
      if (answer.ok && data) return take(data.client, data.response);
      await catchUp(answer.status, data, options);
      throw refusal(answer, data);
    });
    last = answered.catch(() => {});
    return abortable(answered, options.signal);
  }

  /** A refusal may have changed something, too: a wrong code has cost a try. */
  async function catchUp(status, data, options) {
    if (status === 429 || status >= 500) return;
    const asked = data?.meta?.client ? { data: data.meta } : await ask("GET", "client", {}, options).catch(() => ({}));
    if (asked.data && asked.data.client !== undefined) take(asked.data.client);
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
    async load(options) {
      await call("GET", () => "client", {}, options);
      return client;
    },
    /** It changes nothing, so it waits for no other call. */
    async environment(options) {
      const { answer, data } = await ask("GET", "environment", {}, options);
      if (answer.ok && data) return read(data);
      throw refusal(answer, data);
    },
    async setActive(params = {}, options) {
      check("client.setActive", params);
      const given = params.session || params.sessionId;
      const id = given && typeof given === "object" ? given.id : given;
      if (!id) throw new TypeError("setActive() needs a session, or its id: is the flow complete?");
      await call("POST", () => `client/sessions/${encodeURIComponent(id)}/touch`, {}, options);
    },
    async signOut(options) {
      await call("DELETE", () => "client/sessions", {}, options);
    },
    addListener(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  client.client = client; // so that `const { client, setActive } = createClient()` works, as with the page's own
  return client;
}

/** A page that has the script as well has one client. */
function own() {
  return globalThis.PasswordlessOTP?.client || createClient();
}

/** The page's own client. It asks nobody before its first call. */
export const client = /* @__PURE__ */ own();
export const setActive = (params, options) => client.setActive(params, options);
export const signOut = (options) => client.signOut(options);
