/** `npm start`: the newsroom on HTTP, until it is told to stop. */
import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { NewsroomConfig } from './newsroom.config.js';
import { BOARD, BoardModule } from './operations/board.module.js';

const config = NewsroomConfig.fromEnv();
const app = await NestFactory.create(AppModule.register(config, [BoardModule]));
app.enableShutdownHooks();
// Without a token whoever reaches the operators' routes is let in: then only this machine can.
const port = process.env['PORT'] ?? 3000;
await (config.operatorToken === undefined ? app.listen(port, '127.0.0.1') : app.listen(port));
const url = (await app.getUrl()).replace(/\[::1?\]/, 'localhost');
const logger = new Logger('Newsroom');
logger.log(`Listening on ${url}: GET /health, GET /jobs, POST /jobs`);
logger.log(`For operators: ${url}/v1/monitor, ${url}/metrics, ${url}${BOARD}`);
logger.log(
  config.operatorToken === undefined
    ? 'Operators are let in from this machine only. Set OPERATOR_TOKEN to let in whoever sends it, and nobody else.'
    : 'Operators send the token of OPERATOR_TOKEN: as Authorization: Bearer, or as password of any user.',
);
