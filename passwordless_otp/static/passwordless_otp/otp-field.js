/* What makes the pages pleasant. Without it they work, too.
 *
 * For forms with `data-otp-length`, `data-otp-alphabet` ("digits" or "base32") and, for an SMS, `data-otp-sms`; for
 * a text with `data-otp-wait` (seconds) and `data-otp-after` (what else to say) above a button; and for forms with
 * `data-otp-busy` (what the button says until the answer comes).
 */
(() => {
  "use strict";
  const FIELD = "[autocomplete=one-time-code]";
  const LONGEST = 500; // characters of a pasted text that are looked at
  const PATIENCE = 5000; // milliseconds, until a form that led nowhere may be sent again
  const ALPHABETS = { digits: /^[0-9]+$/, base32: /^[A-Z2-7]+$/ };

  /** Return the code in what was typed or pasted, or an empty string: as the server reads it (codes.py). */
  function normalise(text, length, alphabet) {
    const plain = [...text.slice(0, LONGEST).normalize("NFKC")].map(plainOf).join("");
    const bare = plain.replace(/[ -]/g, "");
    const upper = alphabet === "base32" && /^[\x20-\x7e]*$/.test(bare) ? bare.toUpperCase() : bare;
    if (upper.length === length && ALPHABETS[alphabet].test(upper)) return upper;
    const runs = (plain.match(/[0-9]+/g) || []).filter((run) => run.length === length);
    return alphabet === "digits" && runs.length === 1 ? runs[0] : "";
  }

  function plainOf(character) {
    if (/\p{Nd}/u.test(character)) return String(digitOf(character.codePointAt(0)));
    if (/\p{Pd}/u.test(character)) return "-";
    return /\s/.test(character) ? " " : character;
  }

  /** Digits of a script stand in a row of ten, from zero up (The Unicode Standard, §4.6). */
  function digitOf(point) {
    let before = 0;
    while (/\p{Nd}/u.test(String.fromCodePoint(point - before - 1))) before += 1;
    return before % 10;
  }

  /** Send a form once, also if its button is pressed twice; say meanwhile what is going on. */
  function sendOnce(form) {
    const words = form.dataset.otpBusy;
    const status = unseenStatus(form);
    let timer = null;
    let pressed = null; // the button, and what was in it

    function begin(button) {
      timer = setTimeout(end, PATIENCE);
      if (!words || !button) return;
      pressed = { button, content: [...button.childNodes] };
      button.replaceChildren(words);
      button.setAttribute("aria-busy", "true");
      status.textContent = words;
    }

    function end() {
      clearTimeout(timer);
      timer = null;
      if (!pressed) return;
      pressed.button.replaceChildren(...pressed.content);
      pressed.button.removeAttribute("aria-busy");
      status.textContent = "";
      pressed = null;
    }

    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented) return;
      if (timer) return event.preventDefault();
      begin(event.submitter || form.querySelector("button"));
    });
    addEventListener("pageshow", end); // back from the next page
  }

  /** Show a moment in the visitor's own time zone: the server knows only its own. */
  function localise(element) {
    const moment = new Date(element.dateTime);
    const language = document.documentElement.lang || undefined;
    if (isNaN(moment)) return;
    element.textContent = moment.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
  }

  /** Screen readers say what appears in a status, not what stands there when the page is loaded. */
  function announce(status) {
    const live = unseenStatus(status.parentNode);
    setTimeout(() => (live.textContent = status.textContent), 100);
    setTimeout(() => live.remove(), PATIENCE);
  }

  function unseenStatus(parent) {
    const status = document.createElement("span");
    status.className = "otp-unseen";
    status.setAttribute("role", "status");
    parent.append(status);
    return status;
  }

  function watch(form, field) {
    const { otpLength, otpAlphabet } = form.dataset;

    /** Put the code into the field, and send it. */
    function take(text) {
      const code = normalise(text, Number(otpLength), otpAlphabet);
      if (!code) return false;
      if (field.value !== code) field.value = code;
      form.requestSubmit();
      return true;
    }

    field.addEventListener("input", (event) => {
      if (!event.isComposing) take(field.value);
    });
    field.addEventListener("compositionend", () => take(field.value));
    field.addEventListener("paste", (event) => {
      if (take(event.clipboardData.getData("text"))) event.preventDefault();
    });
    if (isNew()) take(field.value); // typed while this script was on its way
    if (!("otpSms" in form.dataset && "OTPCredential" in window)) return;
    receive(form, take);
    addEventListener("pageshow", (event) => event.persisted && receive(form, take)); // leaving has ended it
  }

  /** After a reload, or on the way back, the browser itself may have filled in what was refused before. */
  function isNew() {
    const [entry] = performance.getEntriesByType("navigation");
    return Boolean(entry) && entry.type === "navigate";
  }

  /** Let the browser read the SMS (WebOTP), until the form is sent or the page is left. */
  function receive(form, take) {
    const controller = new AbortController();
    const end = () => controller.abort();
    form.addEventListener("submit", end);
    addEventListener("pagehide", end);
    navigator.credentials
      .get({ otp: { transport: ["sms"] }, signal: controller.signal })
      .then((credential) => credential && !controller.signal.aborted && take(credential.code))
      .catch(() => {}); // aborted, refused or timed out: people type
  }

  /** Hold the button until another message may be asked for, and say how long that is. */
  function countDown(text) {
    const button = text.closest("form").querySelector("button");
    const clock = document.createElement("span");
    const end = Date.now() + Number(text.dataset.otpWait) * 1000;
    const held = () => button.getAttribute("aria-disabled") === "true";
    const timer = setInterval(tick, 250);

    function tick() {
      const seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      clock.textContent = ` ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (seconds > 0) return;
      clearInterval(timer);
      clock.remove();
      button.removeAttribute("aria-disabled");
    }

    button.addEventListener("click", (event) => held() && event.preventDefault());
    button.setAttribute("aria-disabled", "true"); // not `disabled`: it keeps its place for the keyboard
    button.append(clock);
    text.textContent = text.dataset.otpAfter; // the clock says the rest
    tick();
  }

  document.querySelectorAll(".otp-status time").forEach(localise);
  document.querySelectorAll(".otp-status").forEach(announce);
  // Before a code sends itself.
  const waits = [...document.querySelectorAll("form [data-otp-wait]")];
  const forms = document.querySelectorAll("form:is([data-otp-busy], [data-otp-length])");
  new Set([...forms, ...waits.map((text) => text.closest("form"))]).forEach(sendOnce);
  for (const form of document.querySelectorAll("form[data-otp-length]")) {
    const field = form.querySelector(FIELD);
    if (field) watch(form, field);
  }
  waits.forEach(countDown);
})();
