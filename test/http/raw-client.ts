import { Agent, request as send } from 'node:http';

export interface RawAnswer {
  readonly status: number;
  /** Names and values, in turn. */
  readonly headers: readonly string[];
  readonly text: string;
}

/** Sends requests to the API as they are, where `fetch` would mend their paths. A stream is cut off when it begins. */
export class RawClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 8 });

  /** @param url of the app. */
  constructor(private readonly url: string) {}

  /** @param path below `/v1/monitor/`, or with a slash before it. @param body an object is sent as JSON, a text as it is. */
  call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<RawAnswer> {
    const { agent } = this;
    const { hostname, port } = new URL(this.url);
    const json = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const all = { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers };
    return new Promise((resolve, reject) => {
      const options = {
        agent,
        hostname,
        port,
        method,
        path: path.startsWith('/') ? path : `/v1/monitor/${path}`,
        headers: all,
      };
      const request = send(options, (response) => {
        let text = '';
        const done = () => resolve({ status: response.statusCode!, headers: response.rawHeaders, text });
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        if (/event-stream/.test(response.headers['content-type'] ?? '')) {
          done();
          request.destroy();
        } else {
          response.once('error', reject).once('end', done);
        }
      });
      request.once('error', reject);
      request.end(json);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
