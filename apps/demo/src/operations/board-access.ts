import type { ServerResponse } from 'node:http';
import { CHALLENGE, forgery, isOperator, type Visit } from './operator.js';

/** Bull Board is a middleware, where guards do not reach: the same rule as one. */
export function boardAccess(token: string | undefined) {
  return (request: Visit, response: ServerResponse, next: () => void): void => {
    const forged = forgery(request, token);
    if (forged !== undefined) {
      response.writeHead(403).end(forged);
      return;
    }
    if (isOperator(request, token)) return next();
    response.writeHead(401, { 'WWW-Authenticate': CHALLENGE }).end('This is for operators: send the token.');
  };
}
