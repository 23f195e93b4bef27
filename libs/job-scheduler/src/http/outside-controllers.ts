/**
 * Requests below the API's path that never reach a controller, and so no filter: the app's body parser refuses them, or
 * no route fits. They are answered with problem details, too; all other paths of the app are left alone.
 */
import type { AbstractHttpAdapter } from '@nestjs/core';
import { RouteUnknownError } from '../errors/request-errors.js';
import { problemOf } from './problems/problem-of.js';
import { PROBLEM_TYPE, type Problem } from './problems/problem.js';

/** As much of an Express application, and of its requests and responses, as is used here. */
interface ExpressRequest {
  readonly method: string;
  readonly originalUrl: string;
}
interface ExpressResponse {
  readonly headersSent: boolean;
  status(code: number): this;
  type(mediaType: string): this;
  send(text: string): void;
}
type Next = (error?: unknown) => void;
interface Express {
  use(path: string, middleware: (request: ExpressRequest, response: ExpressResponse, next: Next) => void): void;
  use(
    path: string,
    // Express tells handlers of errors by their four parameters.
    handler: (error: unknown, request: ExpressRequest, response: ExpressResponse, next: Next) => void,
  ): void;
}

/** As much of Fastify. */
interface FastifyRequest {
  readonly method: string;
  readonly url: string;
}
interface FastifyReply {
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(text: string): unknown;
}
interface FastifyRoute {
  readonly url: string;
  errorHandler?: (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;
}
interface Fastify {
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): void;
  register(plugin: (instance: Fastify, options: unknown, done: () => void) => void, options: { prefix: string }): void;
  setErrorHandler(handler: (error: unknown, request: FastifyRequest, reply: FastifyReply) => void): void;
  setNotFoundHandler(handler: (request: FastifyRequest, reply: FastifyReply) => void): void;
}

type Tell = (thrown: unknown, url: string) => Problem;

/** @param base the API's path, with the app's global prefix: `/api/v1/monitor`. */
export class OutsideControllers {
  constructor(
    private readonly adapter: AbstractHttpAdapter,
    private readonly base: string,
    private readonly exposeErrors: boolean,
  ) {}

  /** To be called before the app has its routes: Fastify is told with each route who answers its errors. */
  beforeRoutes(): void {
    if (this.adapter.getType() === 'fastify')
      answerOnFastify(this.adapter.getInstance<Fastify>(), this.base, this.tell);
  }

  /** To be called after that: Express asks one after the other. */
  afterRoutes(): void {
    if (this.adapter.getType() === 'express')
      answerOnExpress(this.adapter.getInstance<Express>(), this.base, this.tell);
  }

  private readonly tell: Tell = (thrown, url) => problemOf(thrown, url.split('?')[0]!, this.exposeErrors);
}

function answerOnExpress(app: Express, base: string, tell: Tell): void {
  app.use(base, ({ method, originalUrl }, _response, next) => next(unknown(method, originalUrl)));
  app.use(base, (error: unknown, { originalUrl }: ExpressRequest, response: ExpressResponse, next: Next) => {
    if (response.headersSent) return next(error);
    const problem = tell(error, originalUrl);
    response.status(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
  });
}

function answerOnFastify(fastify: Fastify, base: string, tell: Tell): void {
  const answer = (error: unknown, { url }: FastifyRequest, reply: FastifyReply) => {
    sendOnFastify(reply, tell(error, url));
  };
  fastify.addHook('onRoute', (route) => {
    if (route.url === base || route.url.startsWith(`${base}/`)) route.errorHandler = answer;
  });
  fastify.register(
    (instance, _options, done) => {
      // The body of a request that no route fits is read all the same.
      instance.setErrorHandler(answer);
      instance.setNotFoundHandler((request, reply) => answer(unknown(request.method, request.url), request, reply));
      done();
    },
    { prefix: base },
  );
}

/**
 * For `new FastifyAdapter({ frameworkErrors: fastifyUrlProblems })`: Fastify answers URLs that it cannot read, or whose
 * parts are longer than its `maxParamLength`, before it looks for a route, and asks this option alone. It is asked for
 * such URLs of the whole app.
 */
export function fastifyUrlProblems(error: unknown, request: { readonly url: string }, reply: object): void {
  // Its type depends on what the app declares of its routes.
  sendOnFastify(reply as FastifyReply, problemOf(error, request.url.split('?')[0]!, false));
}

function sendOnFastify(reply: FastifyReply, problem: Problem): void {
  reply.code(problem.status);
  reply.header('Content-Type', PROBLEM_TYPE);
  reply.send(JSON.stringify(problem));
}

function unknown(method: string, url: string): RouteUnknownError {
  return new RouteUnknownError(method, url.split('?')[0]!);
}
