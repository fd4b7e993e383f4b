/* Sign up, sign in and sign out through client.js. */
"use strict";

const { client, setActive } = window.PasswordlessOTP;
const { signIn, signUp } = client;
const element = (id) => document.getElementById(id);
let restarted = false; // the visitor wants another identifier

/** Return the open flow that waits for a code: the newer of the two. */
function awaited() {
  const { emailAddress, phoneNumber } = signUp.verifications;
  const proof = [emailAddress, phoneNumber].find((one) => one?.nextAction === "needs_attempt");
  const open = [
    { flow: signUp, verification: proof },
    { flow: signIn, verification: signIn.firstFactorVerification },
  ].filter(({ flow, verification }) => verification && flow.status !== "complete");
  return open.sort((one, other) => other.verification.expireAt - one.verification.expireAt)[0];
}

function render() {
  const open = restarted ? undefined : awaited();
  const view = client.session ? "account" : open ? "code" : "start";
  for (const section of document.querySelectorAll("[data-view]")) section.hidden = section.dataset.view !== view;
  if (view === "account") element("name").textContent = client.session.publicUserData.identifier;
  if (view === "code") {
    const { flow, verification } = open;
    const phone = verification.strategy === "phone_code";
    element("recipient").textContent = flow.identifier || (phone ? flow.phoneNumber : flow.emailAddress);
    element("code").inputMode = verification.codeAlphabet === "digits" ? "numeric" : "text";
  }
}

/** Show the text in the visible card, and focus its field. */
function say(text) {
  const card = document.querySelector("[data-view]:not([hidden])");
  card.querySelector("[role=alert]").textContent = text;
  card.querySelector("input")?.focus();
}

/** Run one action at a time, and show what went wrong. */
async function run(action) {
  const buttons = document.querySelectorAll("main button");
  let said = "";
  buttons.forEach((button) => (button.disabled = true));
  document.querySelectorAll("[role=alert]").forEach((alert) => (alert.textContent = ""));
  try {
    said = (await action()) || "";
  } catch (error) {
    said = error.name === "OTPError" ? error.message : "Nobody answers. Try again.";
  }
  buttons.forEach((button) => (button.disabled = false));
  render();
  say(said);
}

async function start(purpose, identifier) {
  if (purpose === "signIn") {
    await signIn.create({ identifier });
    const [factor] = signIn.supportedFirstFactors;
    await signIn.prepareFirstFactor(factor);
  } else if (identifier.includes("@")) {
    await signUp.create({ emailAddress: identifier });
    await signUp.prepareEmailAddressVerification();
  } else {
    await signUp.create({ phoneNumber: identifier });
    await signUp.preparePhoneNumberVerification();
  }
  restarted = false;
}

async function attempt(code) {
  const { flow, verification } = awaited();
  const { strategy } = verification;
  if (flow === signIn) await signIn.attemptFirstFactor({ strategy, code });
  else await signUp.attemptVerification({ strategy, code });
  if (flow.status !== "complete") return `This site also asks for: ${flow.missingFields.join(", ")}`;
  await setActive({ session: flow.createdSessionId });
}

async function resend() {
  const { flow, verification } = awaited();
  const { strategy } = verification;
  if (flow === signIn) await signIn.prepareFirstFactor({ strategy });
  else await signUp.prepareVerification({ strategy });
}

element("start").addEventListener("submit", (event) => {
  event.preventDefault();
  run(() => start(event.submitter.value, element("identifier").value));
});
element("attempt").addEventListener("submit", (event) => {
  event.preventDefault();
  const code = element("code").value;
  element("code").value = "";
  run(() => attempt(code));
});
element("resend").addEventListener("click", () => run(resend));
element("restart").addEventListener("click", () => {
  restarted = true;
  run(() => {});
});
element("sign-out").addEventListener("click", () => run(client.signOut));

client.addListener(render);
run(async () => void (await client.load()));
