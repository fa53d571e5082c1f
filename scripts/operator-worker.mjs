// Runs on workerd beside Larder, bound to the same bucket: what somebody with access to the account can do past Larder.
// Plain HTTP, because miniflare's own way in stops the whole server for each step and fails while the worker is busy.

async function list(bucket) {
  const all = [];
  let cursor;
  do {
    const page = await bucket.list({ cursor });
    all.push(...page.objects.map(({ key, etag }) => [key, etag]));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor);
  return all;
}

export default {
  async fetch(request, { BUCKET, SECRET }) {
    // The port is open to every program of the machine.
    if (request.headers.get('authorization') !== SECRET) return new Response(null, { status: 401 });
    const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
    if (request.method === 'PUT') return Response.json((await BUCKET.put(key, request.body)).etag);
    if (request.method === 'DELETE') return Response.json((await BUCKET.delete(key)) ?? null);
    return Response.json(await list(BUCKET));
  },
};
