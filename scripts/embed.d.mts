/** The TypeScript of a module with the texts of all files of an extension below a folder, includes put in. */
export function moduleOf(folder: string, extension: string): string;
