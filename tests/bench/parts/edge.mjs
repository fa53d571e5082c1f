// What stands in front of Larder when it is deployed.

import { createServer, request as ask } from 'node:http';
import { gzipSync } from 'node:zlib';

/**
 * Stands in front of Larder as Cloudflare's edge does, counts what it sends and compresses what that would. It also
 * sets the page apart from others, because only such a page may ask for its memory.
 */
export async function startEdge(larder) {
  const sent = [];
  const server = createServer((request, response) => {
    const forward = ask(larder.url + request.url, { method: request.method, headers: { ...request.headers, 'accept-encoding': 'identity' } }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => {
        const headers = { ...answer.headers, 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
        delete headers['transfer-encoding'];
        let body = Buffer.concat(parts);
        if (body.length && /^(?:text\/|application\/(?:json|javascript|wasm))/.test(headers['content-type'] ?? '')) {
          body = gzipSync(body);
          headers['content-encoding'] = 'gzip';
        }
        if (body.length) headers['content-length'] = body.length;
        response.writeHead(answer.statusCode, headers).end(body, () => sent.push({ path: request.url, bytes: body.length, at: Date.now() }));
      });
    });
    forward.on('error', () => response.writeHead(502).end());
    request.pipe(forward);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, sent, url: `http://127.0.0.1:${server.address().port}` };
}
