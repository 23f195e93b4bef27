/** What is wrong with a connection URL, in words that do not show it: it may hold a password. */
const READABLE =
  'it is "SCHEME://user:password@host:port/database", with special characters in the password percent-encoded.';

/** @returns undefined where nothing is wrong, as far as it can be told before it is opened. */
export function urlProblem(scheme: string, text: string): string | undefined {
  const rest = text.slice(scheme.length + 1);
  if (scheme === 'memory') return rest === '' ? undefined : 'A "memory:" connection has nothing after the colon.';
  if (scheme === 'file') return fileProblem(rest);
  if (!rest.startsWith('//')) return `The "${scheme}:" URL lacks its slashes: "${scheme}://host:port".`;
  const url = parse(scheme, text);
  if (!url) return `The "${scheme}:" URL cannot be read: ${READABLE.replace('SCHEME', scheme)}`;
  // pg takes such a text as it is, ioredis throws.
  if (!scheme.startsWith('redis')) return postgresProblem(url);
  if (![url.username, url.password].every(isDecodable))
    return `The "${scheme}:" URL has a "%" that begins no percent-encoding: write "%25" for it.`;
  return redisProblem(url);
}

function parse(scheme: string, text: string): URL | undefined {
  if (URL.canParse(text)) return new URL(text);
  // A PostgreSQL URL may leave the host to its parameters, which other URLs may not.
  const named = text.replace(/@(?=[/?]|$)/, '@localhost');
  return scheme.startsWith('postgres') && URL.canParse(named) ? new URL(named) : undefined;
}

function isDecodable(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

function postgresProblem({ searchParams }: URL): string | undefined {
  const max = searchParams.get('max');
  if (max === null || /^[1-9]\d{0,2}$/.test(max)) return undefined;
  return '"max" in the "postgres:" URL is no size of a pool. Allowed: 1 to 999.';
}

/** ioredis would take another database, or none, without a word. */
function redisProblem({ pathname, searchParams }: URL): string | undefined {
  const database = 'Allowed: the number of a database, such as "redis://host:6379/0".';
  if (!/^(?:\/\d{0,5})?$/.test(pathname)) return `The path of the "redis:" URL is no database. ${database}`;
  const db = searchParams.get('db');
  if (db !== null && !/^\d{1,5}$/.test(db)) return `"db" in the "redis:" URL is no database. ${database}`;
  if (searchParams.has('tls')) return 'The "redis:" URL asks for "tls": write "rediss://host:port".';
  return undefined;
}

/** `file://data/jobs` is the directory /jobs of a host named data: never what was meant. */
function fileProblem(rest: string): string | undefined {
  if (rest.trim() === '' || rest.trim() === '//') return 'A "file:" connection names a directory: "file:./data/jobs".';
  if (!isDecodable(rest) && rest.startsWith('//'))
    return 'The "file:" URL has a "%" that begins no percent-encoding: write "%25" for it.';
  if (!/^\/\/[^/]/.test(rest)) return undefined;
  const directory = rest.slice(2);
  return `"file://${directory}" names a host, and not a directory. Write "file:./${directory.replace(/^\.\//, '')}" for one below the working directory, or "file:///${directory.replace(/^\.\//, '')}" for one at the root.`;
}
