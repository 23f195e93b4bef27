/** Jest's TypeScript transformer. A file of its own because jest.config.ts, on Node 20, cannot import a module. */
import swcJest from '@swc/jest';
import { swcOptions } from './swc-options.mjs';

export default swcJest.createTransformer(swcOptions);
