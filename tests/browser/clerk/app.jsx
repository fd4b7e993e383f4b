import { SignIn, SignedIn, SignedOut, useClerk, useSignIn, useSignUp, useUser } from "@clerk/clerk-react";
import React, { useState } from "react";

function Form({ title, create, attempt, setActive }) {
  const [waiting, setWaiting] = useState(false);
  const [text, setText] = useState("");
  const [said, say] = useState("");

  async function submit(event) {
    event.preventDefault();
    say("");
    setText("");
    try {
      if (waiting) {
        const { status, createdSessionId } = await attempt(text);
        if (status === "complete") await setActive({ session: createdSessionId });
      } else {
        await create(text);
        setWaiting(true);
      }
    } catch (error) {
      say(error.errors[0].longMessage);
    }
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
  const { isLoaded, signUp, setActive } = useSignUp();
  if (!isLoaded) return null;

  async function create(emailAddress) {
    await signUp.create({ emailAddress });
    await signUp.prepareEmailAddressVerification({ strategy: "email_code" });
  }
  const attempt = (code) => signUp.attemptEmailAddressVerification({ code });
  return <Form title="Sign up" {...{ create, attempt, setActive }} />;
}

function SignInForm() {
  const { isLoaded, signIn, setActive } = useSignIn();
  if (!isLoaded) return null;

  async function create(identifier) {
    const { supportedFirstFactors } = await signIn.create({ identifier });
    const { emailAddressId } = supportedFirstFactors.find(({ strategy }) => strategy === "email_code");
    await signIn.prepareFirstFactor({ strategy: "email_code", emailAddressId });
  }
  const attempt = (code) => signIn.attemptFirstFactor({ strategy: "email_code", code });
  return <Form title="Sign in" {...{ create, attempt, setActive }} />;
}

function Account() {
  const { user } = useUser();
  const { signOut } = useClerk();
  return (
    <p>
      Hello, {user.primaryEmailAddress.emailAddress}. <button onClick={() => signOut({ redirectUrl: "/react/" })}>Sign out</button>
    </p>
  );
}

export default function App() {
  const signedOut = location.search === "?components" ? <SignIn fallbackRedirectUrl="/account/" /> : [<SignUpForm key="up" />, <SignInForm key="in" />];
  return (
    <>
      <SignedOut>{signedOut}</SignedOut>
      <SignedIn>
        <Account />
      </SignedIn>
    </>
  );
}
