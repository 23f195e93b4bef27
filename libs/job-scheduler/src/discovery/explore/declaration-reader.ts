import type { AnyClass } from '../../definition/job-ref.js';
import { inspectShort } from '../../common/inspect-short.js';
import type { Fault } from '../../errors/fault.js';
import type { JobMetadata, MethodMetadata } from '../../decorators/metadata.js';
import type { FoundProvider } from './found-provider.js';
import { className, type JobDeclaration } from '../job-declaration.js';
import { jobsOn, methodsOf, staticsOf } from './metadata-accessor.js';

type Kind = MethodMetadata['kind'];
type Method<K extends Kind> = MethodMetadata & { readonly kind: K; readonly method: string };

const DECORATOR: Readonly<Record<Kind, string>> = { job: '@Job()', step: '@JobStep()', 'on-fail': '@OnJobFail()' };

/** Reads which jobs a provider's class declares, and what is wrong with their shape. */
export function readDeclarations(provider: FoundProvider): {
  jobs: readonly JobDeclaration[];
  faults: readonly Fault[];
} {
  return new DeclarationReader(provider).read();
}

class DeclarationReader {
  private readonly faults: Fault[] = [];
  private readonly name: string;

  constructor(private readonly provider: FoundProvider) {
    this.name = className(provider.type);
  }

  read(): { jobs: readonly JobDeclaration[]; faults: readonly Fault[] } {
    const { type } = this.provider;
    const methods = this.usable(methodsOf(type));
    this.refuseStatics(type);
    const [onFail, ...others] = ofKind(methods, 'on-fail');
    if (onFail && others.length > 0) {
      this.fault(`It has ${1 + others.length} @OnJobFail() methods: ${names([onFail, ...others])}. Keep one.`);
    }
    const jobs = this.jobs(methods, onFail?.method);
    for (const { source, instead } of jobs)
      if (instead) this.faults.push({ at: source, problem: noOptions(instead.value) });
    return { jobs, faults: this.faults };
  }

  private jobs(methods: readonly MethodMetadata[], onFailMethod: string | undefined): readonly JobDeclaration[] {
    const [onClass, ...more] = jobsOn(this.provider.type);
    const steps = ofKind(methods, 'step');
    const onMethods = ofKind(methods, 'job');
    if (more.length > 0) this.fault('It has several @Job() decorators. Keep one.');
    if (onClass) {
      if (onMethods.length > 0) {
        this.fault(
          `It has @Job() on the class and on methods (${names(onMethods)}). Move one of them to a class of its own.`,
        );
      }
      return [this.classJob(onClass, steps, onFailMethod)];
    }
    if (steps.length > 0) {
      this.fault(
        onMethods.length > 0
          ? `It has @Job() on methods (${names(onMethods)}) and @JobStep() on others (${names(steps)}). Steps belong to a class with @Job() on the class: move them to one of their own.`
          : `It has @JobStep() methods (${names(steps)}), but no @Job() on the class. Add it.`,
      );
    } else if (onMethods.length === 0 && onFailMethod !== undefined) {
      this.fault(`It has an @OnJobFail() method (${onFailMethod}), but no @Job(). Add one, or remove the method.`);
    }
    return onMethods.map((entry) => this.methodJob(entry, onFailMethod));
  }

  private classJob(
    { contract, options, instead }: JobMetadata,
    steps: readonly Method<'step'>[],
    onFailMethod: string | undefined,
  ): JobDeclaration {
    const runs = this.provider.code.method('run') !== undefined && !steps.some(({ method }) => method === 'run');
    if (runs && steps.length > 0) {
      this.fault(`It has run() and @JobStep() methods (${names(steps)}). Make run() a step, or remove one of them.`);
    } else if (!runs && steps.length === 0) {
      this.fault('It has neither run(payload, ctx) nor @JobStep() methods. Add one of them.');
    }
    return {
      source: this.name,
      method: undefined,
      defaultName: this.provider.type.name,
      contract,
      options,
      instead,
      steps: steps.map((step) => ({
        source: `${this.name}.${step.method}`,
        method: step.method,
        options: step.options,
      })),
      handler: steps.length === 0 ? 'run' : undefined,
      onFailMethod,
    };
  }

  private methodJob({ method, job }: Method<'job'>, onFailMethod: string | undefined): JobDeclaration {
    const source = `${this.name}.${method}`;
    const defaultName = this.provider.type.name && `${this.provider.type.name}.${method}`;
    return { source, method, defaultName, ...job, steps: [], handler: method, onFailMethod };
  }

  /** Methods with a name that exists and with one of our decorators each; faults for the others. */
  private usable(methods: readonly MethodMetadata[]): readonly MethodMetadata[] {
    return [...new Set(methods.map(({ method }) => method))].flatMap((method) => {
      const entries = methods.filter((entry) => entry.method === method);
      const at = `${this.name}.${String(method)}`;
      const entry = entries.length > 1 ? this.oneOf(entries, at) : entries[0]!;
      const { kind } = entry;
      if (typeof method === 'symbol') {
        this.faults.push({ at, problem: `${DECORATOR[kind]} cannot stand on a symbol: give the method a name.` });
        return [];
      }
      if (!this.provider.code.method(method)) {
        this.faults.push({ at, problem: this.missing(kind) });
        return [];
      }
      return [entry];
    });
  }

  /** Goes on with the decorator that fits the class, so that what is wrong here does not look wrong elsewhere too. */
  private oneOf(entries: readonly MethodMetadata[], at: string): MethodMetadata {
    const list = entries.map(({ kind }) => DECORATOR[kind]).join(' and ');
    this.faults.push({ at, problem: `It has ${list}. A method has one of them, once.` });
    const fitting = jobsOn(this.provider.type).length > 0 ? 'step' : 'job';
    return entries.find(({ kind }) => kind === fitting) ?? entries[0]!;
  }

  private missing(kind: Kind): string {
    const { type, code } = this.provider;
    if (code.type === type) return `${DECORATOR[kind]} stands on something that is not a method. Make it a method.`;
    const standIn = code.type ? className(code.type) : 'an object';
    return `It has ${DECORATOR[kind]}, but ${standIn}, which is provided for ${this.name}, has no such method. Add it.`;
  }

  private refuseStatics(type: AnyClass): void {
    for (const { method, kind } of staticsOf(type)) {
      const at = `${this.name}.${String(method)}`;
      this.faults.push({
        at,
        problem: `${DECORATOR[kind]} cannot stand on a static method. Make it an instance method.`,
      });
    }
  }

  private fault(problem: string): void {
    this.faults.push({ at: this.name, problem });
  }
}

function noOptions(value: unknown): string {
  if (typeof value === 'string')
    return `@Job(${inspectShort(value)}) has a text for its options. Write @Job({ name: ${inspectShort(value)} }).`;
  const circle = value === undefined ? ' (A contract that is imported in a circle is undefined.)' : '';
  return `@Job() is given ${inspectShort(value)}. Give it options, such as { name: 'mail.send' }, or a contract of defineJob().${circle}`;
}

function ofKind<K extends Kind>(methods: readonly MethodMetadata[], kind: K): readonly Method<K>[] {
  return methods.filter((entry): entry is Method<K> => entry.kind === kind && typeof entry.method === 'string');
}

function names(methods: readonly { readonly method: string }[]): string {
  return methods.map(({ method }) => method).join(', ');
}
