/** What docs/connections.md says of the rights of a Redis user. */
import { readFileSync } from 'node:fs';

const page = () => readFileSync('docs/connections.md', 'utf8');

/** Its line for another prefix. */
export function documentedRights(prefix: string): string {
  const [, rules = ''] = /^ACL SETUSER jobs on >secret (.*)$/m.exec(page()) ?? [];
  return rules.replaceAll('{jobs', `{${prefix}`);
}

/** The commands of its list, in small letters. */
export function documentedCommands(): string[] {
  const [list = ''] = /^\+auth .*$/m.exec(page()) ?? [];
  return list.split(' ').map((rule) => rule.slice(1));
}
