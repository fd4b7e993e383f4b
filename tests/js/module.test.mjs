/* The module where there is no page, as on a server that renders; and what the calls take. */
import assert from "node:assert/strict";
import { test } from "node:test";

const before = Object.getOwnPropertyNames(globalThis);
const { client, createClient, isOTPError, OTPError, setActive, signOut } = await import(
  `${process.env.CLIENT_FOLDER}/client.module.js`
);
const { createHooks } = await import(`${process.env.CLIENT_FOLDER}/react.js`);
const after = Object.getOwnPropertyNames(globalThis);

const empty = { response: null, client: null };
let sent = [];

/** A client whose server gives these answers, and then empty ones. */
function answered(...answers) {
  sent = [];
  const fetch = async (url, { method, body }) => {
    sent.push([method, new URL(url).pathname, body && JSON.parse(body)]);
    const [status, data, headers] = answers.shift() || [200, empty];
    return new Response(JSON.stringify(data), { status, headers });
  };
  return createClient({ baseUrl: "https://example.com/auth/", fetch });
}

/** A client whose server answers only when told: `release()`. */
function hanging() {
  sent = [];
  let release;
  const held = new Promise((settle) => (release = settle));
  const fetch = async (url, { method, signal }) => {
    sent.push(method);
    const aborted = new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
    await Promise.race([held, aborted]);
    return new Response(JSON.stringify(empty));
  };
  return { client: createClient({ baseUrl: "https://example.com/auth/", fetch }), release };
}

test("importing it defines nothing, and a server renders with it", () => {
  assert.deepEqual(after, before);
  const server = { useEffect() {}, useSyncExternalStore: (_subscribe, _get, getOnServer) => getOnServer() };
  const hooks = createHooks(server);
  const { isLoaded, isSignedIn, session, error } = hooks.useClient();
  assert.deepEqual([isLoaded, isSignedIn, session, error], [false, false, null, null]);
  assert.equal(hooks.useSignIn().signIn.status, null);
  assert.equal(hooks.useUser().user, null);
  assert.equal(hooks.useSession().session, null);
});

test("HTML of a server is taken over before somebody who is signed in is shown", async () => {
  const session = { id: "sess_1", user: { id: "user_1" } };
  const own = answered([200, { response: null, client: { id: "c", sessions: [session], last_active_session_id: "sess_1" } }]);
  await own.load();
  const rendered = (pick) => createHooks({ useEffect() {}, useSyncExternalStore: (_, get, onServer) => pick(get, onServer)() }, own);
  const hydrating = rendered((_get, onServer) => onServer).useUser();
  assert.deepEqual([hydrating.isLoaded, hydrating.isSignedIn, hydrating.user], [false, false, null]);
  const hydrated = rendered((get) => get).useUser();
  assert.deepEqual([hydrated.isLoaded, hydrated.isSignedIn, hydrated.user.id], [true, true, "user_1"]);
});

test("a call without a page says that the whole URL is needed", async () => {
  for (const call of [() => client.load(), () => client.environment(), () => setActive({ session: "s" }), () => signOut()]) {
    await assert.rejects(call(), { name: "TypeError", message: /whole baseUrl.*not "\/auth\/"/ });
  }
});

test("a parameter that is not taken is refused by its name, and so is a missing one", async () => {
  const { signIn, signUp, ...own } = answered();
  const refused = {
    'signIn.create() needs "identifier"': [() => signIn.create(), () => signIn.create({ identifier: null })],
    'signIn.create() does not take "emailAddress"': [() => signIn.create({ emailAddress: "jane@example.com" })],
    'signIn.create() does not take "signal"': [() => signIn.create({ identifier: "jane", signal: null })],
    'signUp.create() does not take "email_address"': [() => signUp.create({ email_address: "jane@example.com" })],
    'signUp.update() does not take "transfer"': [() => signUp.update({ transfer: true })],
    'signIn.prepareFirstFactor() needs "strategy"': [() => signIn.prepareFirstFactor()],
    'signIn.attemptFirstFactor() needs "strategy"': [() => signIn.attemptFirstFactor()],
    'signIn.attemptFirstFactor() needs "code"': [() => signIn.attemptFirstFactor({ strategy: "email_code" })],
    'signUp.attemptVerification() needs "code"': [() => signUp.attemptVerification({ strategy: "email_code" })],
    'signUp.prepareVerification() needs "strategy"': [() => signUp.prepareVerification({})],
    'signUp.attemptEmailAddressVerification() needs "code"': [() => signUp.attemptEmailAddressVerification()],
    'signUp.attemptPhoneNumberVerification() takes an object': [() => signUp.attemptPhoneNumberVerification("123456")],
    'signUp.prepareEmailAddressVerification() does not take "strategy"': [
      () => signUp.prepareEmailAddressVerification({ strategy: "email_code" }),
    ],
    'signUp.preparePhoneNumberVerification() does not take "unlockToken"': [
      () => signUp.preparePhoneNumberVerification({ unlockToken: "t" }),
    ],
    'client.setActive() does not take "id"': [() => own.setActive({ id: "sess_1" })],
    'createClient() does not take "url"': [async () => createClient({ url: "/auth/" })],
  };
  for (const [message, calls] of Object.entries(refused)) {
    for (const call of calls) {
      await assert.rejects(call(), (error) => error instanceof TypeError && error.message.startsWith(message), message);
    }
  }
  assert.deepEqual(sent, []);
});

test("a whole factor is taken, also with members of a later version", async () => {
  const factor = { strategy: "email_code", email_address_id: "idn_1", safe_identifier: "j•••", later: true };
  const signIn = { object: "sign_in_attempt", id: "sia_1", supported_first_factors: [factor] };
  const own = answered([200, { response: signIn, client: null }]);
  await own.signIn.create({ identifier: "jane@example.com" });
  await own.signIn.prepareFirstFactor({ ...own.signIn.supportedFirstFactors[0], unlockToken: "t" });
  assert.equal(sent[1][2].email_address_id, "idn_1");
  assert.equal(sent[1][2].unlock_token, "t");
});

test("what a site's own code needs is sent as it is, beside the parameters and not in place of them", async () => {
  const own = answered();
  const extra = { "cf-turnstile-response": "token", itsOwn: "a", email_address: "other@example.com" };
  await own.signUp.create({ emailAddress: "jane@example.com" }, { extra });
  assert.deepEqual(sent[0][2], { ...extra, email_address: "jane@example.com" });
});

test("a code that is a number becomes text, with the zeros that a number loses", async () => {
  const verification = { code_length: 6 };
  const signIn = { object: "sign_in_attempt", id: "sia_1", first_factor_verification: verification };
  const signUp = { object: "sign_up_attempt", id: "sua_1", verifications: { email_address: null, phone_number: verification } };
  const both = { sessions: [], sign_in: signIn, sign_up: signUp };
  const own = answered(...Array(4).fill([200, { response: null, client: both }]));
  await own.load();
  await own.signIn.attemptFirstFactor({ strategy: "email_code", code: 123456 });
  await own.signIn.attemptFirstFactor({ strategy: "email_code", code: 1234 });
  await own.signUp.attemptPhoneNumberVerification({ code: 0 });
  await own.signUp.attemptEmailAddressVerification({ code: 123456 });
  await own.signUp.attemptEmailAddressVerification({ code: " 12-34" });
  assert.deepEqual(
    sent.slice(1).map(([, , { code }]) => code),
    ["123456", "001234", "000000", "123456", " 12-34"],
  );
});

test("an aborted call ends at once, and the next one goes out", async () => {
  const { client: own } = hanging();
  const controller = new AbortController();
  const ended = assert.rejects(own.signIn.create({ identifier: "jane@example.com" }, { signal: controller.signal }), { name: "AbortError" });
  await new Promise(setImmediate);
  controller.abort();
  await ended;
  const next = own.load({ signal: AbortSignal.timeout(20) });
  const alive = setTimeout(() => {}, 1000);
  await assert.rejects(next, { name: "TimeoutError" });
  clearTimeout(alive);
  assert.deepEqual(sent, ["POST", "GET"]);
});

test("a call that waits for a hanging one is aborted too, and never sent", async () => {
  const { client: own, release } = hanging();
  const first = own.load();
  const controller = new AbortController();
  const second = own.signOut({ signal: controller.signal });
  controller.abort(new Error("left the page"));
  await assert.rejects(second, /left the page/);
  assert.equal(own.isLoaded, false); // the first still hangs
  release();
  await first;
  await own.load();
  assert.deepEqual(sent, ["GET", "GET"]);
});

test("every call takes a signal", async () => {
  const { client: own } = hanging();
  const { signIn, signUp } = own;
  const given = { signal: AbortSignal.abort(new Error("over")) };
  const [strategy, code] = ["email_code", "1"];
  const calls = [
    own.load(given),
    own.environment(given),
    own.signOut(given),
    own.setActive({ session: "s" }, given),
    signIn.create({ identifier: "j" }, given),
    signIn.prepareFirstFactor({ strategy }, given),
    signIn.attemptFirstFactor({ strategy, code }, given),
    signIn.reload(given),
    signUp.create({}, given),
    signUp.update({}, given),
    signUp.prepareVerification({ strategy }, given),
    signUp.attemptVerification({ strategy, code }, given),
    signUp.prepareEmailAddressVerification({}, given),
    signUp.preparePhoneNumberVerification({}, given),
    signUp.attemptEmailAddressVerification({ code }, given),
    signUp.attemptPhoneNumberVerification({ code }, given),
    signUp.reload(given),
  ];
  await Promise.all(calls.map((call) => assert.rejects(call, /over/)));
  assert.deepEqual(sent, []);
});

test("the environment is read in JavaScript's names, and waits for no other call", async () => {
  const attributes = { email_address: { enabled: true, used_for_first_factor: true } };
  const answers = [
    { user_settings: { attributes, sign_up: { mode: "public" } } },
    { errors: [{ code: "service_unavailable", message: "m" }] },
  ];
  const fetch = async (url) => {
    if (!url.endsWith("/v1/environment")) return new Promise(() => {});
    return new Response(JSON.stringify(answers.shift()), { status: answers.length ? 200 : 503 });
  };
  const own = createClient({ baseUrl: "https://example.com/auth/", fetch });
  own.load();
  const { userSettings } = await own.environment();
  assert.deepEqual(userSettings.attributes, { emailAddress: { enabled: true, usedForFirstFactor: true } });
  assert.equal(userSettings.signUp.mode, "public");
  await assert.rejects(own.environment(), { name: "OTPError", status: 503 });
});

test("Retry-After may be a date", async () => {
  const errors = [{ code: "too_many_requests", message: "m" }];
  const later = new Date(Date.now() + 90_000).toUTCString();
  const waits = [];
  for (const value of [later, "17", new Date(0).toUTCString(), "soon"]) {
    waits.push(await answered([429, { errors }, { "Retry-After": value }]).load().catch((error) => error.retryAfter));
  }
  assert.ok(waits[0] > 80 && waits[0] <= 90, waits[0]);
  assert.deepEqual(waits.slice(1), [17, null, null]);
});

test("a refusal is told from a fault, also between two copies of the client", async () => {
  const copy = await import(`${process.env.CLIENT_FOLDER}/client.module.js?again`);
  const error = new OTPError(404, [{ code: "resource_not_found", message: "m", meta: {} }]);
  assert.notEqual(copy.OTPError, OTPError);
  assert.ok(error instanceof copy.OTPError && copy.isOTPError(error));
  for (const fault of [new TypeError("m"), null, { name: "OTPError" }]) {
    assert.ok(!(fault instanceof OTPError) && !isOTPError(fault));
  }
});
