/* The client against the demo, in Node: `ORIGIN` says where that is. */
import assert from "node:assert/strict";
import { test } from "node:test";

await import(process.env.CLIENT);
const { createClient, OTPError } = globalThis.PasswordlessOTP;
const { ORIGIN } = process.env;
const TEST_NUMBER = "+11111111111";
const TEST_CODE = "123456";
let people = 0;

/** A browser as far as a client sees it: it keeps cookies. */
function browser() {
  const jar = new Map();
  const calls = [];
  async function browse(url, options = {}) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    calls.push(`${options.method} ${url.slice(ORIGIN.length)}`);
    const answer = await fetch(url, { ...options, headers: { ...options.headers, cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      jar.set(name, value);
    }
    return answer;
  }
  const client = createClient({ baseUrl: `${ORIGIN}/auth/`, fetch: browse });
  return { client, jar, calls };
}

const somebody = () => `somebody${(people += 1)}@example.com`;

/** The newest code that reached this address, as the demo's inbox shows it. */
async function codeFor(address) {
  for (let tries = 0; tries < 100; tries += 1) {
    const page = await (await fetch(`${ORIGIN}/inbox/`)).text();
    const own = page.split("<article").find((part) => part.includes(`<strong>${address}</strong>`));
    const code = own && /\b(\d{6}) is your/.exec(own);
    if (code) return code[1];
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`no message for ${address}`);
}

async function joined(address = somebody()) {
  const visitor = browser();
  const { signUp } = visitor.client;
  await signUp.create({ emailAddress: address });
  await signUp.prepareEmailAddressVerification();
  await signUp.attemptEmailAddressVerification({ code: await codeFor(address) });
  return { ...visitor, address };
}

const refused = (promise, status, code) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof OTPError && error instanceof Error);
    assert.deepEqual([error.status, error.errors[0].code], [status, code]);
    assert.equal(error.message, error.errors[0].longMessage);
    return true;
  });

const wrong = (code) => String((Number(code) + 1) % 1000000).padStart(6, "0");

test("somebody signs up by email, and the flow tells each step", async () => {
  const { client } = browser();
  const { signUp } = client;
  const address = somebody();
  assert.equal(await signUp.create({ emailAddress: address }), signUp);
  assert.equal(signUp.status, "missing_requirements");
  assert.equal(signUp.verifications.emailAddress.nextAction, "needs_prepare");
  await signUp.prepareEmailAddressVerification();
  assert.equal(signUp.verifications.emailAddress.nextAction, "needs_attempt");
  assert.ok(signUp.verifications.emailAddress.expireAt > new Date());
  assert.ok(signUp.abandonAt instanceof Date);
  await signUp.attemptEmailAddressVerification({ code: await codeFor(address) });
  assert.equal(signUp.status, "complete");
  await client.setActive({ session: signUp.createdSessionId });
  assert.equal(client.session.id, signUp.createdSessionId);
  assert.equal(client.user.emailAddresses[0].emailAddress, address);
  assert.equal(client.user.id, signUp.createdUserId);
  assert.ok(client.session.expireAt instanceof Date);
});

test("somebody signs in by phone, with the calls and the session spelled either way", async () => {
  for (const give of [(session) => ({ session }), ({ id }) => ({ sessionId: id }), ({ id }) => ({ session: id })]) {
    const { client } = browser();
    const { signUp, signIn } = client;
    await signUp.create({ phoneNumber: TEST_NUMBER });
    await signUp.preparePhoneNumberVerification();
    assert.equal(signUp.verifications.phoneNumber.channel, "sms");
    await signUp.attemptPhoneNumberVerification({ code: TEST_CODE });
    await client.signOut();
    await signIn.create({ identifier: TEST_NUMBER });
    const [factor] = signIn.supportedFirstFactors;
    assert.equal(factor.strategy, "phone_code");
    await signIn.prepareFirstFactor({ strategy: "phone_code", phoneNumberId: factor.phoneNumberId });
    await signIn.attemptFirstFactor({ strategy: "phone_code", code: "123-456" });
    assert.equal(signIn.status, "complete");
    await client.setActive(give(client.session));
    assert.equal(client.lastActiveSessionId, signIn.createdSessionId);
  }
});

test("a wrong code is refused in words, and the flow knows of the try it has cost", async () => {
  const { client } = browser();
  const { signUp } = client;
  const address = somebody();
  await signUp.create({ emailAddress: address, strategy: "email_code" });
  const code = await codeFor(address);
  await refused(signUp.attemptVerification({ strategy: "email_code", code: wrong(code) }), 422, "form_code_incorrect");
  assert.equal(signUp.verifications.emailAddress.attempts, 1);
  const error = await signUp.attemptEmailAddressVerification({ code: "" }).catch((reason) => reason);
  assert.deepEqual(error.errors[0].meta, { paramName: "code" });
  assert.equal(error.retryAfter, null);
  await signUp.attemptVerification({ strategy: "email_code", code });
  assert.equal(signUp.status, "complete");
});

test("when the tries are spent the flow says so", async () => {
  const { client } = browser();
  const { signIn } = client;
  await signIn.create({ identifier: somebody(), strategy: "email_code" });
  let error;
  for (let tries = 0; tries < 10 && error?.errors[0].code !== "verification_failed"; tries += 1) {
    error = await signIn.attemptFirstFactor({ strategy: "email_code", code: "000000" }).catch((reason) => reason);
  }
  assert.equal(error.status, 400);
  assert.equal(signIn.firstFactorVerification.status, "failed");
});

test("prepare says the same again before its time", async () => {
  const { client } = browser();
  const { signIn } = client;
  await signIn.create({ identifier: somebody(), strategy: "email_code" });
  const { resendAt, expireAt } = signIn.firstFactorVerification;
  await signIn.prepareFirstFactor({ strategy: "email_code" });
  assert.deepEqual(signIn.firstFactorVerification.resendAt, resendAt);
  assert.deepEqual(signIn.firstFactorVerification.expireAt, expireAt);
});

test("a step without a flow is refused by the server, in its words", async () => {
  const { client } = browser();
  await refused(client.signIn.attemptFirstFactor({ strategy: "email_code", code: "1" }), 404, "resource_not_found");
  await refused(client.signUp.reload(), 404, "resource_not_found");
});

test("a page that is loaded anew finds the flow and the session", async () => {
  const { client, jar } = browser();
  const address = somebody();
  await client.signUp.create({ emailAddress: address, firstName: "Jane", strategy: "email_code" });
  const again = browser();
  jar.forEach((value, name) => again.jar.set(name, value));
  assert.equal(again.client.isLoaded, false);
  assert.equal(await again.client.load(), again.client);
  assert.equal(again.client.isLoaded, true);
  assert.equal(again.client.signUp.id, client.signUp.id);
  assert.equal(again.client.signUp.emailAddress, address);
  await again.client.signUp.attemptEmailAddressVerification({ code: await codeFor(address) });
  assert.equal(again.client.session.publicUserData.identifier, address);
  await again.client.load();
  assert.equal(again.client.signUp.status, "complete");
});

test("setActive tells what it lacks, and of a session that has ended meanwhile", async () => {
  const { client, jar } = await joined();
  await assert.rejects(client.setActive({ session: client.signIn.createdSessionId }), TypeError);
  await assert.rejects(client.setActive(), TypeError);
  const { id } = client.session;
  jar.delete("sessionid");
  await refused(client.setActive({ session: id }), 401, "signed_out");
  assert.equal(client.session, null);
  assert.equal(client.user, null);
});

test("whoever is signed in already is told, and shown", async () => {
  const { client, jar } = await joined();
  const other = browser();
  jar.forEach((value, name) => other.jar.set(name, value));
  await refused(other.client.signIn.create({ identifier: somebody() }), 400, "session_exists");
  assert.equal(other.client.session.id, client.session.id);
  assert.equal(other.calls.length, 1);
});

test("signing out empties the client, and is possible twice", async () => {
  const { client } = await joined();
  await client.signOut();
  assert.deepEqual([client.session, client.user, client.sessions], [null, null, []]);
  assert.deepEqual([client.signUp.status, client.signUp.createdSessionId], [null, null]);
  await client.signOut();
});

test("two creates at once make one flow", async () => {
  const { client } = browser();
  const address = somebody();
  const ids = [];
  await Promise.all([1, 2].map(() => client.signIn.create({ identifier: address }).then(({ id }) => ids.push(id))));
  assert.equal(new Set(ids).size, 1);
});

test("a sign-up is changed, and keeps what the page has put into it as it is", async () => {
  const { client } = browser();
  const { signUp } = client;
  const unsafeMetadata = { heard_of_us: { fromAt: 1, by_whom: "Ann" }, updated_at: 5 };
  await signUp.create({ emailAddress: somebody(), unsafeMetadata });
  const { id } = signUp;
  const other = somebody();
  await signUp.update({ emailAddress: other, phoneNumber: undefined });
  assert.equal(signUp.emailAddress, other);
  await signUp.reload();
  assert.equal(signUp.id, id);
  assert.deepEqual(signUp.unsafeMetadata, unsafeMetadata);
});

test("somebody new is taken from a sign-in to a sign-up by the same code", async () => {
  const { client } = browser();
  const address = somebody();
  await client.signIn.create({ identifier: address, strategy: "email_code", signUpIfMissing: true });
  const attempt = client.signIn.attemptFirstFactor({ strategy: "email_code", code: await codeFor(address) });
  await refused(attempt, 404, "sign_up_if_missing_transfer");
  assert.equal(client.signIn.firstFactorVerification.status, "transferable");
  await client.signUp.create({ transfer: true });
  assert.equal(client.signUp.status, "complete");
  assert.equal(client.signIn.id, null);
  assert.equal(client.user.emailAddresses[0].emailAddress, address);
});

test("listeners hear of every change, until they leave", async () => {
  const { client } = browser();
  const heard = [];
  const leave = client.addListener(({ signIn }) => heard.push(signIn.status));
  await client.load();
  await client.signIn.create({ identifier: somebody() });
  await assert.rejects(client.signIn.attemptFirstFactor({ strategy: "email_code", code: "1" }), OTPError);
  leave();
  await client.load();
  assert.deepEqual(heard, [null, "needs_first_factor", "needs_first_factor"]);
});
