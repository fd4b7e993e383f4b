import { Show, SignIn, UserButton, useClerk, useSignIn, useSignUp, useUser } from "@clerk/react";
import React, { useState } from "react";

function Form({ title, create, attempt, finalize }) {
  const [waiting, setWaiting] = useState(false);
  const [text, setText] = useState("");
  const [said, say] = useState("");

  async function submit(event) {
    event.preventDefault();
    say("");
    setText("");
    const { error } = await (waiting ? attempt(text) : create(text));
    if (error) say((error.errors?.[0] ?? error).longMessage);
    else if (waiting) await finalize();
    else setWaiting(true);
  }

  return (
    <form onSubmit={submit}>
      <label>
        {waiting ? "Code" : `${title} with`}
        <input value={text} onChange={(event) => setText(event.target.value)} />
      </label>
      <button>{title}</button>
      <p role="alert">{said}</p>
    </form>
  );
}

function SignUpForm() {
  const { signUp } = useSignUp();

  async function create(emailAddress) {
    const created = await signUp.create({ emailAddress });
    return created.error ? created : signUp.verifications.sendEmailCode();
  }
  const attempt = (code) => signUp.verifications.verifyEmailCode({ code });
  return <Form title="Sign up" {...{ create, attempt }} finalize={() => signUp.finalize()} />;
}

function SignInForm() {
  const { signIn } = useSignIn();
  const create = (emailAddress) => signIn.emailCode.sendCode({ emailAddress });
  const attempt = (code) => signIn.emailCode.verifyCode({ code });
  return <Form title="Sign in" {...{ create, attempt }} finalize={() => signIn.finalize()} />;
}

function Account() {
  const { user } = useUser();
  const { signOut } = useClerk();
  return (
    <div>
      <p>Hello, {user.primaryEmailAddress.emailAddress}.</p>
      <button onClick={() => signOut({ redirectUrl: "/react/" })}>Leave</button>
      <UserButton userProfileMode="navigation" userProfileUrl="/account/" />
    </div>
  );
}

export default function App() {
  const isPrebuilt = location.search === "?components";
  return (
    <>
      <Show when="signed-out">
        {isPrebuilt ? <SignIn routing="hash" fallbackRedirectUrl="/account/" /> : [<SignUpForm key="up" />, <SignInForm key="in" />]}
      </Show>
      <Show when="signed-in">
        <Account />
      </Show>
    </>
  );
}
