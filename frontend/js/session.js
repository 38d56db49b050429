/**
 * Who is logged in, and what they prefer. Ends each change with an event: "session" or "preferences".
 *
 * Preferences belong to the user; without login to this browser. `login` is null until the service was asked.
 */
const KEPT = "hematovision-preferences";
const UNCHOSEN = { class_order: [], hot_keys: {}, theme: "system", confidence: "per_cent", wanted: 100 };

export class Session extends EventTarget {
  login = null;
  user = null;
  preferences = UNCHOSEN;
  #api;
  #kept = UNCHOSEN;
  #saving = Promise.resolve();

  constructor(api) {
    super();
    this.#api = api;
  }

  /** Whether the page may ask for anything but the login. */
  get open() { return this.login === "off" || this.user !== null; }

  async find() { await this.#begin(await this.#api.session()); }
  async logIn(name, password) { await this.#begin(await this.#api.logIn(name, password)); }

  /** Holds at once, so that the next choice builds upon it; goes back to what was kept last where it is refused. */
  async choose(changes) {
    this.#prefer({ ...this.preferences, ...changes });
    if (!this.user) return kept(this.preferences);
    const chosen = this.preferences;
    const saved = this.#saving.then(() => this.#api.choose(chosen)); // in their order, whatever the network does
    this.#saving = saved.catch(() => {});
    try {
      this.#kept = await saved;
    } catch (problem) {
      this.#prefer(this.#kept);
      throw problem;
    }
  }

  async #begin({ login, user }) {
    Object.assign(this, { login, user });
    this.#kept = user ? await this.#api.preferences() : kept();
    this.#prefer(this.#kept);
    this.dispatchEvent(new CustomEvent("session"));
  }

  #prefer(preferences) {
    this.preferences = preferences;
    this.dispatchEvent(new CustomEvent("preferences"));
  }
}

/** What this browser keeps, after keeping `chosen`, if given. */
function kept(chosen = null) {
  try {
    if (chosen) localStorage.setItem(KEPT, JSON.stringify(chosen));
    return { ...UNCHOSEN, ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") };
  } catch { // storage switched off, or written by something else: the choice lasts as long as the page
    return { ...UNCHOSEN, ...chosen };
  }
}
