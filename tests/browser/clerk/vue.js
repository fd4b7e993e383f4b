import { Show, SignIn, UserButton, useClerk, useSignIn, useSignUp, useUser } from "@clerk/vue";
import { h, ref } from "vue";

function form(title, create, attempt) {
  const waiting = ref(false);
  const text = ref("");
  const said = ref("");

  async function submit(event) {
    event.preventDefault();
    const given = text.value;
    said.value = text.value = "";
    try {
      await (waiting.value ? attempt : create)(given);
      waiting.value = true;
    } catch (error) {
      said.value = error.errors[0].longMessage;
    }
  }

  return () => {
    const input = h("input", { value: text.value, onInput: (event) => (text.value = event.target.value) });
    const label = h("label", [waiting.value ? "Code" : `${title} with`, input]);
    return h("form", { onSubmit: submit }, [label, h("button", title), h("p", { role: "alert" }, said.value)]);
  };
}

const SignUpForm = {
  setup() {
    const { signUp, setActive } = useSignUp();
    async function create(emailAddress) {
      await signUp.value.create({ emailAddress });
      await signUp.value.prepareEmailAddressVerification({ strategy: "email_code" });
    }
    async function attempt(code) {
      const { createdSessionId } = await signUp.value.attemptEmailAddressVerification({ code });
      await setActive.value({ session: createdSessionId });
    }
    return form("Sign up", create, attempt);
  },
};

const SignInForm = {
  setup() {
    const { signIn, setActive } = useSignIn();
    async function create(identifier) {
      const { supportedFirstFactors } = await signIn.value.create({ identifier });
      const { emailAddressId } = supportedFirstFactors.find(({ strategy }) => strategy === "email_code");
      await signIn.value.prepareFirstFactor({ strategy: "email_code", emailAddressId });
    }
    async function attempt(code) {
      const { createdSessionId } = await signIn.value.attemptFirstFactor({ strategy: "email_code", code });
      await setActive.value({ session: createdSessionId });
    }
    return form("Sign in", create, attempt);
  },
};

const Account = {
  setup() {
    const { user } = useUser();
    const clerk = useClerk();
    const leave = () => clerk.value.signOut({ redirectUrl: "/react/" });
    return () => [
      h("p", `Hello, ${user.value?.primaryEmailAddress.emailAddress}.`),
      h("button", { onClick: leave }, "Leave"),
      h(UserButton, { userProfileMode: "navigation", userProfileUrl: "/account/" }),
    ];
  },
};

const prebuilt = () => h(SignIn, { routing: "hash", fallbackRedirectUrl: "/account/" });
const own = () => [h(SignUpForm), h(SignInForm)];
export default () => [
  h(Show, { when: "signed-out" }, { default: location.search === "?components" ? prebuilt : own }),
  h(Show, { when: "signed-in" }, { default: () => h(Account) }),
];
