/** Closes the run with one line that a script can read: `12 passed, 0 failed, 1 skipped`. */
export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    // A file that could not run, or that left something open, is a failure that no test counts.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    process.stdout.write(
      `\n${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
    );
  }
}
