/**
 * Closes the run: what tests measured (`figure.ts`), the files that took longest, and one line that a script can read:
 * `12 passed, 0 failed, 1 skipped`.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const SLOWEST = 10;

export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    const out = (text) => process.stdout.write(`${text}\n`);
    const figures = readFigures(process.env.TEST_FIGURES);
    if (figures.length > 0) out(`\nMeasured:\n${figures.map((line) => `  ${line}`).join('\n')}`);
    if (results.testResults.length > SLOWEST) out(`\nSlowest files:\n${slowest(results.testResults).join('\n')}`);
    // A file that could not run, or that left something open, is a failure that no test counts.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    for (const { testFilePath, failureMessage } of results.testResults)
      if (failureMessage && process.env.TEST_FAILED)
        appendFileSync(process.env.TEST_FAILED, `${relative('.', testFilePath)}\n`);
    const skipped = results.numPendingTests + results.numTodoTests;
    out(`\n${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  }
}

function readFigures(file) {
  if (!file || !existsSync(file)) return [];
  return [...new Set(readFileSync(file, 'utf8').trimEnd().split('\n'))];
}

function slowest(testResults) {
  const seconds = ({ perfStats }) => (perfStats.end - perfStats.start) / 1_000;
  return testResults
    .toSorted((a, b) => seconds(b) - seconds(a))
    .slice(0, SLOWEST)
    .map((each) => `  ${seconds(each).toFixed(1).padStart(6)} s  ${relative('.', each.testFilePath)}`);
}
