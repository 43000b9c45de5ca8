// WebSocket frames on their way from a browser to a room (RFC 6455, section 5). Pure, tested by itself.
//
// Whatever a room's server would refuse is refused here as well: were the two to read the same bytes differently, one of
// them could be told what the other is not.

/** What no client may send; the connection is closed. */
export class FrameError extends Error {}

const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;

/** Reads frames as they come, in pieces of any size, and hands on whole messages. */
export class FrameReader {
  /**
   * @param {object} sink `begin(binary)`, `data(bytes)` and `end()` of each message; control frames are left out
   */
  constructor(sink) {
    this.sink = sink;
    this.kept = Buffer.alloc(0);
    this.frame = null;
    this.open = false;
    this.closed = false;
  }

  /** Read the next bytes; a FrameError says that they are no frames of a client. */
  feed(bytes) {
    let rest = this.kept.length ? Buffer.concat([this.kept, bytes]) : bytes;
    this.kept = Buffer.alloc(0);
    while (!this.closed) {
      if (!this.frame) {
        const size = headSize(rest);
        if (rest.length < size) break;
        this.#begin(rest.subarray(0, size));
        rest = rest.subarray(size);
      }
      const here = rest.subarray(0, this.frame.left);
      this.#payload(here);
      rest = rest.subarray(here.length);
      if (this.frame.left) return;
      this.#finish();
    }
    this.kept = Buffer.from(rest);
    if (this.closed) this.kept = Buffer.alloc(0);
  }

  #begin(head) {
    const opcode = head[0] & 0x0f;
    const final = Boolean(head[0] & 0x80);
    if (head[0] & 0x70) throw new FrameError("an extension was used that was not agreed upon");
    if (!(head[1] & 0x80)) throw new FrameError("a frame was not masked");
    const control = opcode >= CLOSE;
    if (control ? opcode > 10 : opcode > BINARY) throw new FrameError("a frame of no known kind");
    const left = length(head);
    if (control && (left > 125 || !final)) throw new FrameError("a control frame was too long or in parts");
    if (!control && (opcode === CONTINUATION) !== this.open) throw new FrameError("a message within a message");
    if (opcode === TEXT || opcode === BINARY) this.sink.begin(opcode === BINARY);
    if (!control) this.open = true;
    this.frame = { opcode, final, control, left, mask: Buffer.from(head.subarray(-4)), at: 0 };
  }

  #payload(masked) {
    const frame = this.frame;
    if (!frame.control && masked.length) {
      const plain = Buffer.allocUnsafe(masked.length);
      for (let i = 0; i < masked.length; i++) plain[i] = masked[i] ^ frame.mask[(frame.at + i) & 3];
      this.sink.data(plain);
    }
    frame.at += masked.length;
    frame.left -= masked.length;
  }

  #finish() {
    const { control, final, opcode } = this.frame;
    this.frame = null;
    // What comes after a close frame is read by nobody.
    if (opcode === CLOSE) this.closed = true;
    if (control || !final) return;
    this.open = false;
    this.sink.end();
  }
}

/** Return the bytes of a frame's head, as far as they can be known; at least two. */
function headSize(bytes) {
  if (bytes.length < 2) return 2;
  const said = bytes[1] & 0x7f;
  return 2 + (said === 126 ? 2 : said === 127 ? 8 : 0) + (bytes[1] & 0x80 ? 4 : 0);
}

function length(head) {
  const said = head[1] & 0x7f;
  if (said < 126) return said;
  if (said === 126) return head.readUInt16BE(2);
  const whole = head.readBigUInt64BE(2);
  if (whole > BigInt(Number.MAX_SAFE_INTEGER)) throw new FrameError("a frame was too long");
  return Number(whole);
}

/** Return the frame with which a server closes a connection. */
export function closing(code, reason) {
  const said = Buffer.from(reason).subarray(0, 120);
  const head = Buffer.from([0x88, said.length + 2, code >> 8, code & 0xff]);
  return Buffer.concat([head, said]);
}
