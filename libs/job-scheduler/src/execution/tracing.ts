/** What is traced of a run besides what BullMQ traces by itself: its steps, and how it ended. */
import type { Span, Telemetry } from 'bullmq';
import { toErrorRecord } from '../common/describe-error.js';
import { isSteering } from './outcome/classify.js';
import type { Outcome } from './outcome/outcome.js';

/** BullMQ's `SpanKind.INTERNAL`, which is OpenTelemetry's. */
const INTERNAL = 0;
/** OpenTelemetry's `SpanStatusCode.ERROR`. */
const ERROR = 2;

/** A span of OpenTelemetry, as far as BullMQ's interface does not have it. */
interface StatusSpan {
  setStatus(status: { code: number; message: string }): unknown;
}

/** Runs a step in a span of its own, below that of the attempt. Each try of a step has one. */
export async function tracedStep(telemetry: Telemetry, step: string, work: () => unknown): Promise<unknown> {
  const { tracer, contextManager } = telemetry;
  const context: unknown = contextManager.active();
  const span = tracer.startSpan(`step ${step}`, { kind: INTERNAL }, context);
  span.setAttribute('job.step', step);
  try {
    return await contextManager.with(span.setSpanOnContext(context), async () => work());
  } catch (thrown) {
    if (!isSteering(thrown)) failSpan(span, thrown);
    throw thrown;
  } finally {
    span.end();
  }
}

/** Says on the span of an attempt how it ended. */
export function describeOutcome(span: Span, outcome: Outcome): void {
  span.setAttribute('job.outcome', outcome.kind);
  if (outcome.kind === 'failed' || outcome.kind === 'retry') failSpan(span, outcome.error);
}

/** Marks a span as that of something that failed, as OpenTelemetry's conventions ask for it: exception, type and status. */
export function failSpan(span: Span, thrown: unknown): void {
  const { name, message, code, stack } = toErrorRecord(thrown);
  span.recordException({ name, message, ...(code !== undefined && { code }), ...(stack !== undefined && { stack }) });
  span.setAttribute('error.type', code ?? name);
  statusOf(span)?.setStatus({ code: ERROR, message });
}

/** BullMQ's interface knows no status; the span that bullmq-otel wraps does. */
function statusOf(span: Span): StatusSpan | undefined {
  const inner = (span as { readonly span?: unknown }).span;
  return [span, inner].find(hasStatus);
}

function hasStatus(span: unknown): span is StatusSpan {
  return typeof span === 'object' && span !== null && 'setStatus' in span && typeof span.setStatus === 'function';
}
