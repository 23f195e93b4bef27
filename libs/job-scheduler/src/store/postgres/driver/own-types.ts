/**
 * How our own reads turn what PostgreSQL sends into values of JavaScript. An app may set other parsers for all its connections
 * (`pg.types.setTypeParser`): numbers for `int8`, text for `jsonb`. What we and BullMQ read stays as node-postgres has it.
 */

type Parse = (text: string) => unknown;

const BOOL = 16;
const NAME = 19;
const INT8 = 20;
const INT2 = 21;
const INT4 = 23;
const TEXT = 25;
const JSON_TEXT = 114;
const FLOAT8 = 701;
const JSONB = 3802;

const same: Parse = (text) => text;
const json: Parse = (text) => JSON.parse(text) as unknown;

const PARSERS = new Map<number, Parse>([
  [BOOL, (text) => text === 't'],
  [INT2, Number],
  [INT4, Number],
  [FLOAT8, Number],
  // It may be larger than what a number holds exactly.
  [INT8, same],
  [JSON_TEXT, json],
  [JSONB, json],
]);

const ITEM_OF_ARRAY: Readonly<Record<number, number>> = {
  199: JSON_TEXT,
  1000: BOOL,
  1003: NAME,
  1007: INT4,
  1009: TEXT,
  1016: INT8,
  3807: JSONB,
};

/** An item in quotes, with what was escaped in it, or one without. */
const ITEM = /"((?:[^"\\]|\\.)*)"|([^{},]+)/gs;

for (const [array, item] of Object.entries(ITEM_OF_ARRAY)) {
  const parse = PARSERS.get(item) ?? same;
  PARSERS.set(Number(array), (text) =>
    [...text.matchAll(ITEM)].map(([, quoted, plain]) => {
      if (quoted !== undefined) return parse(quoted.replace(/\\(.)/gs, '$1'));
      return plain === 'NULL' ? null : parse(plain!);
    }),
  );
}

/** For the `types` of a query of node-postgres. Other types, such as enumerations, are text. */
export const ownTypes = { getTypeParser: (oid: number): Parse => PARSERS.get(oid) ?? same };
