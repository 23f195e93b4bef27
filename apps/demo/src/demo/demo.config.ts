import { NewsroomConfig } from '../newsroom.config.js';
import { freshDirectory } from './fresh-directory.js';

/** A newsroom of its own for each run, whose day is short. */
export async function demoConfig(env: NodeJS.ProcessEnv = process.env): Promise<NewsroomConfig> {
  return new NewsroomConfig({
    dataDirectory: await freshDirectory(env['DATA_DIR'] ?? 'data/demo'),
    packagesDirectory: env['PACKAGES_DIR'],
    jobsPrefix: env['JOBS_PREFIX'] ?? 'newsroom-demo',
    keepBackups: 2,
    autoStart: false,
    jobs: {
      'articles:import': { runOnStart: false },
      'news:trending': { schedule: { cron: '*/5 * * * * *', timezone: 'Asia/Shanghai' } },
    },
  });
}
