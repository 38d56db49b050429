// Wires login, account and preferences: the only file that knows these components and the session.
import * as api from "./api.js";
import "./components/hv-account.js";
import "./components/hv-login.js";
import "./components/hv-preferences.js";

/** Show who is logged in and what they prefer, and hear what they want. */
export function wireAccounts(session) {
  const [login, account, preferences] = ["hv-login", "hv-account", "hv-preferences"].map((tag) => (
    document.querySelector(tag)));
  const on = (type, handle) => document.addEventListener(type, ({ detail }) => handle(detail));
  /** What the account dialog is asked for, and what it says then. */
  const done = async (asked, told) => {
    try {
      told(await asked);
      account.tokens = (await api.tokens()).tokens;
    } catch (problem) {
      account.problem = problem;
    }
  };

  session.addEventListener("session", () => {
    account.user = session.user;
    login.hidden = session.open;
    preferences.hidden = !session.open;
    login.problem = null;
    if (!session.open) login.focus();
  });
  session.addEventListener("preferences", () => {
    preferences.preferences = session.preferences;
    preferences.problem = null;
  });
  let before = null; // who was logged in when the session ended
  on("hv-log-in", async ({ name, password }) => {
    try {
      await session.logIn(name, password);
      if (before && before !== session.user.id) location.reload(); // what lies on the page is somebody else's
    } catch (problem) {
      login.problem = problem;
    }
  });
  on("hv-logged-out", () => {
    if (!session.user) return;
    before = session.user.id;
    session.find();
  });
  on("hv-log-out", () => done(api.logOut(), () => location.reload())); // nothing of theirs stays on the page
  on("hv-open-account", () => done(null, () => {}));
  on("hv-make-token", ({ name, days }) => done(api.makeToken(name, days), (made) => { account.made = made; }));
  on("hv-revoke-token", ({ id }) => done(api.revokeToken(id), () => { account.done = "Revoked."; }));
  on("hv-change-password", ({ old, next }) => done(api.changePassword(old, next), () => {
    account.done = "Password changed. Your other sessions have ended.";
  }));
  on("hv-prefer", async (changes) => {
    try {
      await session.choose(changes);
    } catch (problem) {
      preferences.problem = problem;
    }
  });
}
