// A stage without matrices, for a page that has none: it keeps the work, and shows messages.

import { readPayload } from "./payload.js";
import { Stage } from "./stage.js";

export class Silent extends Stage {
  /** @param {Payload} payload */
  update(payload) {
    this.model = readPayload({ ...payload, matrices: {}, steps: [] });
  }
}
