/** `npm start`: the newsroom on HTTP, until it is told to stop. */
import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { NewsroomConfig } from './newsroom.config.js';

const app = await NestFactory.create(AppModule.register(NewsroomConfig.fromEnv()));
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3000);
new Logger('Newsroom').log(`Listening on ${await app.getUrl()}: GET /health, GET /jobs, POST /jobs`);
