import type { Duplex } from 'node:stream';

/** How long what has arrived may take to be read, in milliseconds. */
const GRACE = 2_000;

const SOCKET_TIMEOUT = /^Socket timeout\b/;

/**
 * ioredis ends a connection by a timer when no data has come for `socketTimeout`. In a process that was stopped for as long, or
 * whose event loop was blocked, that timer is due before the data that has come meanwhile is read: answers would be lost, and
 * with them jobs that were just handed out, until the stalled check finds them. So that it ends only what stays silent.
 */
export function withPatience<S extends Duplex>(socket: S): S {
  const destroy = socket.destroy.bind(socket);
  let timer: NodeJS.Timeout | undefined;
  const goOn = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  socket.once('close', goOn);
  socket.destroy = (error) => {
    if (!error || !SOCKET_TIMEOUT.test(error.message)) return destroy(error);
    timer ??= setTimeout(() => {
      socket.off('data', goOn);
      destroy(error);
    }, GRACE);
    socket.once('data', goOn);
    return socket;
  };
  return socket;
}
