// A stage without matrices, for a page that has none: it keeps what is to be kept, and says what is to be said.

class Silent extends Stage {
  update() {
    this.score = { matrices: {} };
  }
}
