import { Get, Injectable, Res } from '@nestjs/common';
import { JobSchedulerMetrics } from './job-scheduler-metrics.js';

/** What Express and Fastify have in common. */
interface Reply {
  header(name: string, value: string): unknown;
}

/** The route that Prometheus scrapes. Bound to its path and guards by the module. */
@Injectable()
export class MetricsController {
  constructor(private readonly metrics: JobSchedulerMetrics) {}

  @Get()
  async read(@Res({ passthrough: true }) reply: Reply): Promise<string> {
    const text = await this.metrics.text();
    reply.header('Content-Type', this.metrics.contentType);
    reply.header('Cache-Control', 'no-store');
    return text;
  }
}
