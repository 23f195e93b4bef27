import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Outages } from '../outages/outages.js';
import type { Card } from './card.js';

export const WECHAT_GATEWAY = 'WeChat gateway';

/** Stands in for a service on the network: it takes a moment, and does not always answer. */
@Injectable()
export class WechatGateway {
  constructor(private readonly outages: Outages) {}

  /** @returns a receipt; the same card gets the same one. */
  async push(card: Card, signal: AbortSignal): Promise<string> {
    await sleep(5, undefined, { signal });
    this.outages.check(WECHAT_GATEWAY);
    return createHash('sha256').update(JSON.stringify(card)).digest('hex').slice(0, 16);
  }
}
