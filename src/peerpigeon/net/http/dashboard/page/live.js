// The stream of the server, over and over: a page that is left open comes back by itself.

const SILENCE = 6_000; // milliseconds; the figures come each second
const PAUSES = [500, 1_000, 2_000, 4_000, 8_000];

/**
 * Read the stream at `url`. `on` has a function for each kind of message, and `state`, which hears
 * `live`, or `lost` when nothing comes.
 */
export function listen(url, on) {
  let source = null;
  let timer = 0;
  let failures = 0;

  const again = () => {
    source?.close();
    source = null;
    on.state("lost");
    clearTimeout(timer);
    timer = setTimeout(open, PAUSES[Math.min(failures, PAUSES.length - 1)]);
    failures += 1;
  };

  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(again, SILENCE);
    if (failures > 0) failures = 0;
    on.state("live");
  };

  function open() {
    source = new EventSource(url);
    timer = setTimeout(again, SILENCE);
    // The browser would try again by itself, but not after an answer that is no stream.
    source.onerror = again;
    for (const kind of ["mesh", "figures", "events"]) {
      source.addEventListener(kind, (message) => {
        heard();
        on[kind](JSON.parse(message.data));
      });
    }
  }

  open();
}
