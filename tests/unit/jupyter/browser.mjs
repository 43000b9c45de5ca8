// Frames and messages as browsers send them, for the tests of what the proxy hears.

export function frame(opcode, payload, { final = true, masked = true, rsv = 0, mask = [1, 2, 3, 4] } = {}) {
  const size = payload.length;
  const head = [(final ? 0x80 : 0) | (rsv << 4) | opcode];
  const flag = masked ? 0x80 : 0;
  if (size < 126) head.push(flag | size);
  else if (size < 65536) head.push(flag | 126, size >> 8, size & 255);
  else head.push(flag | 127, ...Buffer.from(BigInt(size).toString(16).padStart(16, "0"), "hex"));
  const body = masked ? Buffer.from(payload.map((byte, i) => byte ^ mask[i & 3])) : payload;
  return Buffer.concat([Buffer.from(head), Buffer.from(masked ? mask : []), body]);
}

export function v1(document, channel = "shell", ...buffers) {
  const json = (value) => Buffer.from(JSON.stringify(value));
  const parts = [Buffer.from(channel), json(document.header), json({}), json({}), json(document.content), ...buffers];
  const head = Buffer.alloc(8 * (parts.length + 2));
  head.writeBigUInt64LE(BigInt(parts.length + 1), 0);
  let at = head.length;
  parts.forEach((part, i) => {
    head.writeBigUInt64LE(BigInt(at), 8 * (i + 1));
    at += part.length;
  });
  head.writeBigUInt64LE(BigInt(at), 8 * (parts.length + 1));
  return Buffer.concat([head, ...parts]);
}

export const asking = (code, more = {}) => ({ header: { msg_type: "execute_request" }, content: { code, ...more } });
