// The copy button of a message. Without this file the button stays hidden and the message can be marked by hand.
"use strict";

const copy = async (field) => {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    // Browsers offer the clipboard only over https and on this machine; marking the words works everywhere.
    field.focus();
    field.select();
    return false;
  }
};

for (const button of document.querySelectorAll("[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  const answer = document.getElementById(button.dataset.answers);
  button.hidden = false;
  button.addEventListener("click", async () => {
    answer.textContent = "";
    answer.textContent = (await copy(field))
      ? "The message is copied."
      : "The message is marked. Copy it with your keyboard: Ctrl+C, or Cmd+C on a Mac.";
  });
}
