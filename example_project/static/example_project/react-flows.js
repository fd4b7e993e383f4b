/* Sign up, sign in and sign out through the hooks of react.js. Without a build step, so `h` stands for JSX. */
import React, { createRoot } from "./react.js";
import { createHooks } from "../passwordless_otp/react.js";

const { createElement: h, useState } = React;
const { useClient, useSignIn, useSignUp } = createHooks(React);

function App() {
  const { isLoaded, error, session } = useClient();
  if (error) return h("p", { className: "alert", role: "alert" }, "Nobody answers. Load the page again.");
  if (!isLoaded) return h("p", null, "One moment…");
  return session ? h(Account) : h(Entry);
}

function Account() {
  const { session, signOut } = useClient();
  const [said, run] = useAction();
  return h(
    "section",
    { className: "card" },
    h("h2", null, "You are signed in"),
    h("p", null, "As ", h("strong", null, session.publicUserData.identifier), "."),
    h("p", { className: "actions" }, h("button", { type: "button", onClick: () => run(signOut) }, "Sign out")),
    said,
  );
}

/** The form for the identifier, then the form for the code. Both start from what the server says, also after a reload. */
function Entry() {
  const { signIn } = useSignIn();
  const { signUp } = useSignUp();
  const [restarted, restart] = useState(false);
  const { emailAddress, phoneNumber } = signUp.verifications;
  const proof = [emailAddress, phoneNumber].find((one) => one?.nextAction === "needs_attempt");
  const [open] = [
    { flow: signUp, verification: proof },
    { flow: signIn, verification: signIn.firstFactorVerification },
  ]
    .filter(({ flow, verification }) => verification && flow.status !== "complete")
    .sort((one, other) => other.verification.expireAt - one.verification.expireAt);
  return open && !restarted
    ? h(Code, { ...open, restart: () => restart(true) })
    : h(Start, { done: () => restart(false) });
}

function Start({ done }) {
  const { signIn } = useSignIn();
  const { signUp } = useSignUp();
  const [said, run, busy] = useAction();

  async function enter() {
    const identifier = new FormData(document.getElementById("start")).get("identifier");
    await signIn.create({ identifier });
    await signIn.prepareFirstFactor(signIn.supportedFirstFactors[0]);
    done();
  }

  async function join() {
    const identifier = new FormData(document.getElementById("start")).get("identifier");
    if (identifier.includes("@")) {
      await signUp.create({ emailAddress: identifier });
      await signUp.prepareEmailAddressVerification();
    } else {
      await signUp.create({ phoneNumber: identifier });
      await signUp.preparePhoneNumberVerification();
    }
    done();
  }

  function submit(event) {
    event.preventDefault();
    run(event.nativeEvent.submitter.value === "signUp" ? join : enter);
  }

  return h(
    "section",
    { className: "card" },
    h(
      "form",
      { id: "start", onSubmit: submit },
      h("label", { htmlFor: "identifier" }, "Email address or phone number"),
      h("input", {
        id: "identifier",
        name: "identifier",
        autoComplete: "username",
        autoCapitalize: "none",
        spellCheck: false,
        inputMode: "email",
        required: true,
      }),
      h(
        "p",
        { className: "actions" },
        h("button", { name: "purpose", value: "signIn", disabled: busy }, "Sign in"),
        h("button", { name: "purpose", value: "signUp", className: "quiet", disabled: busy }, "Sign up"),
      ),
    ),
    said,
  );
}

function Code({ flow, verification, restart }) {
  const { signIn, setActive } = useSignIn();
  const [code, setCode] = useState("");
  const [said, run, busy] = useAction();
  const { strategy } = verification;
  const recipient = flow.identifier || (strategy === "phone_code" ? flow.phoneNumber : flow.emailAddress);

  async function attempt() {
    setCode("");
    if (flow === signIn) await flow.attemptFirstFactor({ strategy, code });
    else await flow.attemptVerification({ strategy, code });
    if (flow.status === "complete") await setActive({ session: flow.createdSessionId });
  }

  async function resend() {
    if (flow === signIn) await flow.prepareFirstFactor({ strategy });
    else await flow.prepareVerification({ strategy });
  }

  function submit(event) {
    event.preventDefault();
    run(attempt).then(() => document.getElementById("code")?.focus());
  }

  return h(
    "section",
    { className: "card" },
    h(
      "form",
      { onSubmit: submit },
      h("p", null, "We sent a code to ", h("strong", null, recipient), "."),
      h("label", { htmlFor: "code" }, "Code"),
      h("input", {
        id: "code",
        autoComplete: "one-time-code",
        autoFocus: true,
        inputMode: verification.codeAlphabet === "digits" ? "numeric" : "text",
        required: true,
        value: code,
        onChange: (event) => setCode(event.target.value),
      }),
      h(
        "p",
        { className: "actions" },
        h("button", { disabled: busy }, "Continue"),
        h("button", { type: "button", className: "quiet", disabled: busy, onClick: () => run(resend) }, "Send it again"),
        h("button", { type: "button", className: "quiet", onClick: restart }, "Start again"),
      ),
    ),
    said,
  );
}

/** Run one action at a time, and show what went wrong. */
function useAction() {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);

  async function run(action) {
    setBusy(true);
    setText("");
    try {
      await action();
    } catch (error) {
      setText(error.name === "OTPError" ? error.message : "Nobody answers. Try again.");
    }
    setBusy(false);
  }

  return [h("p", { className: "alert", role: "alert" }, text), run, busy];
}

createRoot(document.getElementById("app")).render(h(React.StrictMode, null, h(App)));
