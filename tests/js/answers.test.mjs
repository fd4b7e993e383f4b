/* The client before a server that answers what the real one seldom does. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { runInThisContext } from "node:vm";

await import(process.env.CLIENT);
const { createClient, OTPError } = globalThis.PasswordlessOTP;
const requests = [];
let answers = [];

const server = createServer((request, response) => {
  requests.push(request);
  request.resume().on("end", () => {
    const [status, headers, body] = answers.shift() || [200, {}, '{"response": null, "client": null}'];
    response.writeHead(status, headers).end(body);
  });
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const origin = `http://127.0.0.1:${server.address().port}`;
after(() => server.close());

const refusal = (code) => JSON.stringify({ errors: [{ code, message: "m", long_message: "Wait.", meta: {} }] });

async function failing(...given) {
  requests.length = 0;
  answers = given;
  return createClient({ baseUrl: `${origin}/auth` })
    .signIn.create({ identifier: "jane@example.com" })
    .then(assert.fail, (error) => error);
}

test("too many requests tell how long to wait, and are not followed by another one", async () => {
  const error = await failing([429, { "Retry-After": "17" }, refusal("too_many_requests")]);
  assert.deepEqual([error.name, error.status, error.retryAfter], ["OTPError", 429, 17]);
  assert.equal(error.message, "Wait.");
  assert.equal(requests.length, 1);
});

test("an answer that is no JSON is a refusal, too", async () => {
  for (const given of [[502, {}, "<h1>Bad gateway</h1>"], [200, {}, "<h1>Maintenance</h1>"], [500, {}, ""]]) {
    const error = await failing(given);
    assert.ok(error instanceof OTPError);
    assert.deepEqual([error.status, error.errors[0].code], [given[0], "unreadable_answer"]);
  }
});

test("a refusal is told although what comes after it fails", async () => {
  const error = await failing([422, {}, refusal("form_code_incorrect")], [500, {}, "broken"]);
  assert.equal(error.errors[0].code, "form_code_incorrect");
  assert.equal(requests[1].url, "/auth/v1/client");
});

test("nobody there is a TypeError, and the next call goes out all the same", async () => {
  let down = true;
  const flaky = (...all) => (down ? Promise.reject(new TypeError("nobody there")) : fetch(...all));
  const client = createClient({ baseUrl: origin, fetch: flaky });
  await assert.rejects(client.load(), TypeError);
  assert.equal(client.isLoaded, false);
  down = false;
  await client.load();
  assert.equal(client.isLoaded, true);
});

test("a server that never answers holds nobody up for ever", async () => {
  const real = AbortSignal.timeout;
  const waited = [];
  AbortSignal.timeout = (time) => real.call(AbortSignal, waited.push(time) && 50);
  let silent = true;
  const stalled = (url, options) =>
    silent ? new Promise((_, fail) => options.signal.addEventListener("abort", () => fail(options.signal.reason))) : fetch(url, options);
  const alive = setTimeout(() => {}, 5000); // Node would end here: a signal's timer keeps nothing alive
  try {
    const client = createClient({ baseUrl: origin, fetch: stalled });
    const next = assert.rejects(client.load(), { name: "TimeoutError" });
    const after = next.then(() => (silent = false)).then(() => client.load());
    await after;
    assert.equal(client.isLoaded, true);
    assert.equal(waited[0], 30000);
  } finally {
    AbortSignal.timeout = real;
    clearTimeout(alive);
  }
});

test("the CSRF token is read anew for each call, and told to nobody else", async () => {
  const tag = { dataset: { otpBaseUrl: "/auth/", otpCsrfCookie: "shop_csrf", otpCsrfHeader: "X-Shop" } };
  globalThis.location = { href: `${origin}/some/page/`, origin };
  globalThis.document = { cookie: "a=b; shop_csrf=one; c=d", querySelector: () => tag };
  try {
    requests.length = 0;
    const client = createClient();
    await client.load();
    document.cookie = "shop_csrf=two";
    await client.signOut();
    globalThis.location = { href: "http://elsewhere.example/", origin: "http://elsewhere.example" };
    await createClient({ baseUrl: `${origin}/auth/` }).signOut();
    const sent = requests.map(({ method, url, headers }) => [method, url, headers["x-shop"]]);
    assert.deepEqual(sent, [
      ["GET", "/auth/v1/client", "one"],
      ["DELETE", "/auth/v1/client/sessions", "two"],
      ["DELETE", "/auth/v1/client/sessions", undefined],
    ]);
  } finally {
    delete globalThis.document;
    delete globalThis.location;
  }
});

test("calls wait for each other", async () => {
  const order = [];
  const slow = async (url, options) => {
    order.push(`${options.method} begins`);
    await new Promise((wake) => setTimeout(wake, options.method === "GET" ? 50 : 0));
    order.push(`${options.method} ends`);
    return fetch(url, options);
  };
  answers = [];
  const client = createClient({ baseUrl: origin, fetch: slow });
  await Promise.all([client.load(), client.signOut()]);
  assert.deepEqual(order, ["GET begins", "GET ends", "DELETE begins", "DELETE ends"]);
});

test("a listener that fails spoils no call, and is not hushed up", async () => {
  const queue = globalThis.queueMicrotask;
  const failed = [];
  const noted = (work) => () => {
    try {
      work();
    } catch (error) {
      failed.push(error.message);
    }
  };
  globalThis.queueMicrotask = (work) => queue(noted(work));
  try {
    const client = createClient({ baseUrl: origin });
    client.addListener(() => {
      throw new Error("broken");
    });
    assert.equal(await client.load(), client);
  } finally {
    globalThis.queueMicrotask = queue;
  }
  assert.deepEqual(failed, ["broken"]);
});

test("loaded twice it stays one client, and either spelling of createClient works", async () => {
  const before = globalThis.PasswordlessOTP;
  runInThisContext(readFileSync(new URL(process.env.CLIENT)));
  assert.equal(globalThis.PasswordlessOTP, before);
  const { client, setActive, signIn } = createClient({ baseUrl: origin });
  assert.equal(client.setActive, setActive);
  assert.equal(client.signIn, signIn);
});
