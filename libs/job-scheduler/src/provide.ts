import type { Abstract, FactoryProvider, Type } from '@nestjs/common';

/** What a part is found by: its class, or a symbol. */
type TokenOf<T> = Abstract<T> | Type<T> | symbol;
type TokensOf<Parts> = { readonly [Name in keyof Parts]-?: TokenOf<Parts[Name]> };

/** A provider of a class whose constructor takes its parts in this order. */
export function provide<T, Parts extends readonly unknown[]>(
  type: new (...parts: Parts) => T,
  tokens: TokensOf<Parts>,
): FactoryProvider<T> {
  return { provide: type, inject: [...tokens] as symbol[], useFactory: (...parts) => new type(...(parts as never)) };
}

/** A provider of a class whose constructor takes one object with its parts. */
export function provideByName<T, Parts extends object>(
  type: new (parts: Parts) => T,
  tokens: TokensOf<Parts>,
): FactoryProvider<T> {
  const names = Object.keys(tokens) as (keyof Parts & string)[];
  return {
    provide: type,
    inject: names.map((name) => tokens[name]),
    useFactory: (...parts: unknown[]) =>
      new type(Object.fromEntries(names.map((name, index) => [name, parts[index]])) as Parts),
  };
}
