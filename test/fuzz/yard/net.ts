import { EventEmitter } from "node:events";
import { FakeSocket, type FakeSocketOptions } from "./socket.ts";
import { world } from "./world.ts";

/** Stands in for node:net in the data path; see yard.ts. */

export { FakeSocket as Socket } from "./socket.ts";

/** Told of each connection that Shunt opens. */
type Connected = (socket: FakeSocket, port: number) => void;

let onConnect: Connected = () => {};

export function servedBy(connected: Connected): void {
  onConnect = connected;
}

export function connect(options: FakeSocketOptions & { port: number }): FakeSocket {
  const socket = new FakeSocket(options);
  socket.connecting = true;
  world.soon(() => {
    if (socket.destroyed) return;
    onConnect(socket, options.port);
    socket.connected();
  });
  return socket;
}

/** A listener whose handle hands over whatever the yard connects. */
export function createServer(): EventEmitter {
  return Object.assign(new EventEmitter(), {
    listen(
      this: EventEmitter & { _handle: object },
      handle: object,
      _backlog: number,
      listening: () => void,
    ) {
      this._handle = handle;
      listening();
    },
    close: () => {},
  });
}
