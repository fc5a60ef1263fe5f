// Asks the service what to do with one story; whatever goes wrong, the story goes to a person.
//
//   node classify.mjs http://127.0.0.1:8000 story-1 < story.txt
//
// Prints pause, review, advise, continue, or person; the reason for person is on stderr. A key, where one is
// needed, comes from COMPLAINT_CONTEXT_KEY. Needs Node 18 or newer, nothing else.
import { readFileSync } from "node:fs";

const ACTIONS = ["pause", "review", "advise", "continue"];
const TIMEOUT_MS = 10_000; // for the whole exchange

class NoAction extends Error {}
class Refused extends Error {
  constructor(status) {
    super();
    this.status = status;
  }
}

const [address, storyId] = process.argv.slice(2);
try {
  console.log(await classify(address, storyId, readFileSync(0, "utf8")));
} catch (error) {
  console.error(`to a person: ${reason(error)}`);
  console.log("person");
}

/** The action for one story; throws if there is none that can be trusted. */
async function classify(address, storyId, text) {
  const headers = { "content-type": "application/json" };
  const key = process.env.COMPLAINT_CONTEXT_KEY;
  if (key) headers.authorization = `Bearer ${key}`;
  const answer = await fetch(`${address}/v1/classify`, {
    method: "POST",
    headers,
    body: JSON.stringify({ stories: [{ id: storyId, text }] }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (answer.status !== 200) throw new Refused(answer.status);
  const result = (await answer.json())?.results?.[0];
  if (result?.id !== storyId || !ACTIONS.includes(result.action)) throw new NoAction();
  return result.action;
}

/** In short and without a word of the story. */
function reason(error) {
  if (error instanceof Refused) return `the service answered ${error.status}`;
  if (error instanceof NoAction || error instanceof SyntaxError) return "no action for this story";
  return "no answer";
}
