// Replies of a model: one JSON value, or the same as server-sent events.
export const json = (value) => ({ type: 'application/json', text: JSON.stringify(value) });

/** The events, each named by its type where it has one. */
export const events = (list) => ({
  type: 'text/event-stream',
  text: list
    .map((e) => `${e.type ? `event: ${e.type}\n` : ''}data: ${JSON.stringify(e)}\n\n`)
    .join(''),
});
