// The preview of messages follows what is typed into the fields. Without JavaScript it shows what is saved.
(() => {
  "use strict";
  const WAIT = 250; // milliseconds after the last key
  const FIELDS = ["application_name", "email_subject", "sms_text", "code_in_subject"];
  const preview = document.querySelector("[data-otp-preview]");
  const inputs = FIELDS.map((name) => document.querySelector(`input[name="${name}"]`)).filter(Boolean);
  if (!preview || !inputs.length) return;

  let timer = 0;
  let request = new AbortController();

  const show = async () => {
    request.abort();
    request = new AbortController();
    const typed = new URLSearchParams();
    for (const input of inputs) {
      if (input.type !== "checkbox" || input.checked) typed.set(input.name, input.value);
    }
    try {
      const answer = await fetch(`${preview.dataset.otpPreview}?${typed}`, { signal: request.signal });
      if (answer.ok && !answer.redirected) preview.innerHTML = await answer.text(); // escaped by the server
    } catch (error) {
      if (error.name !== "AbortError") preview.textContent = "";
    }
  };

  for (const input of inputs) {
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(show, WAIT);
    });
  }
  show(); // a form that was refused, or that the browser has filled in again, holds what is not saved
})();
