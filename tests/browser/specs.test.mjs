// Looking closely at specs: all of a package in one table, some side by side, and how they are installed.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { address, clipboard, focusedText, openPage, pages, pushSeveral, sample, settled, startBrowser, startLarder, unsignedPackage, unsignedSample, visit } from './harness.mjs';

let larder, browser, page, hashes;

const zlib = '/m/several/-/packages/zlib';
const compare = (...wanted) => `/m/several/-/compare?specs=${wanted.map((hash) => hash.slice(0, 7)).join(',')}`;

before(async () => {
  [larder, browser] = await Promise.all([startLarder(), startBrowser()]);
  await larder.push(sample, 'user-environment');
  await larder.push(unsignedSample, 'several');
  hashes = await pushSeveral(larder, 'several');
  page = await openPage(browser, larder);
});

after(async () => {
  await browser?.close();
  await larder?.stop();
});

const rows = () => page.locator('.specs tbody tr.row');
const heads = async () => (await page.locator('.specs thead th').allInnerTexts()).map((text) => text.trim());
const said = (text) => page.waitForFunction((wanted) => [...document.querySelectorAll('[aria-live]')].some((each) => each.textContent.includes(wanted)), text);

test('a first visit loads no program that it does not need', async () => {
  const tab = await openPage(browser, larder);
  const loaded = [];
  tab.on('request', (request) => loaded.push(new URL(request.url()).pathname));
  await visit(tab, '/m/several');
  assert.ok(!loaded.some((path) => path.startsWith('/larder-specs') || path.startsWith('/larder-reports')), loaded.join(' '));
  await tab.goto(zlib);
  await settled(tab);
  assert.ok(loaded.includes('/larder-specs_bg.wasm'));
  assert.ok(!loaded.some((path) => path.startsWith('/larder-reports')));
  await tab.context().close();
});

test('a package shows where it runs, its specs, versions over time, and who needs it', async () => {
  await visit(page, zlib);
  assert.match(await page.locator('main header').innerText(), /8 specs, 3 versions/);
  assert.equal(await rows().count(), 8);
  assert.deepEqual(await page.locator('.eras tbody .row-link').allInnerTexts(), ['@1.3.1', '@1.3', '@1.2.13']);
  const needed = page.locator('section', { hasText: 'Needed by' }).last();
  await needed.getByRole('link', { name: 'curl' }).waitFor();
  await needed.getByRole('link', { name: 'sqlite' }).waitFor();
  await page.locator('.facts .needs').getByRole('link', { name: 'gmake' }).waitFor();
});

test('a grid cell filters the table, and lets go again', async () => {
  await visit(page, zlib);
  await page.getByRole('link', { name: '2 specs for debian12 x86_64_v3' }).or(page.getByRole('link', { name: '3 specs for debian12 x86_64_v3' })).click();
  await page.waitForURL('**/packages/zlib?q=os=debian12+target=x86_64_v3');
  await page.waitForFunction(() => document.querySelectorAll('.specs tbody tr.row').length === 3);
  assert.match(await page.locator('.tools').first().innerText(), /3 of 8 with os=debian12 target=x86_64_v3/);
  await page.locator('.cover a[aria-current]').click();
  await page.waitForURL(`**${zlib}`);
  await page.waitForFunction(() => document.querySelectorAll('.specs tbody tr.row').length === 8);
});

test('columns are chosen and kept in the URL; what is equal goes into a sentence', async () => {
  await visit(page, `${zlib}?q=os=rhel9`);
  assert.ok((await heads()).includes('Variants that differ'));
  await page.getByRole('button', { name: 'Only what differs' }).click();
  await page.waitForURL('**same=shown');
  await page.waitForFunction(() => [...document.querySelectorAll('.specs th')].some((head) => head.textContent === 'Variants set'));
  await page.getByText('Columns', { exact: true }).first().click();
  await page.getByRole('checkbox', { name: 'Signature' }).check();
  await page.waitForURL('**cols=version,variants,compiler,os,target,signed,size,pushed**');
  await page.getByRole('checkbox', { name: 'Size' }).uncheck();
  await page.waitForURL('**cols=version,variants,compiler,os,target,signed,pushed**');
  await page.keyboard.press('Escape');
  assert.equal(await focusedText(page), 'Columns');
  assert.deepEqual(await heads(), ['Hash', 'Version', 'Variants set', 'Compiler', 'System', 'Target', 'Signature', 'Pushed']);
  // In a new tab the URL says it all.
  const tab = await openPage(browser, larder);
  await visit(tab, address(page));
  assert.equal(await tab.locator('.specs thead th').count(), 8);
  assert.equal(await tab.locator('.specs tbody tr.row').count(), 3);
  await tab.context().close();
  // A package whose only spec has nothing to differ from shows all.
  await visit(page, '/m/several/-/packages/curl');
  assert.equal(await page.getByRole('button', { name: 'Only what differs' }).count(), 0);
  assert.ok((await heads()).includes('System'));
});

test('a click on a head sorts, versions in the order of Spack', async () => {
  await visit(page, zlib);
  await page.locator('.specs th').getByRole('link', { name: 'Version' }).click();
  await page.waitForURL('**sort=-version');
  await page.locator('.specs th').getByRole('link', { name: 'Version' }).click();
  await page.waitForURL('**sort=version');
  await page.waitForFunction(() => document.querySelector('.specs tbody tr.row').textContent.includes('1.2.13'));
  assert.equal(await page.locator('.specs th[aria-sort]').getAttribute('aria-sort'), 'ascending');
});

test('rows are selected and compared by keyboard, and Back finds them selected', async () => {
  await visit(page, zlib);
  await page.locator('.specs .row-link').first().focus();
  for (let row = 0; row < 3; row += 1) {
    await page.keyboard.press('x');
    await page.keyboard.press('j');
  }
  await said('3 specs selected');
  assert.equal(await page.locator('[data-key=c]').innerText().then((text) => text.replace(/\s+/g, ' ').trim()), 'Compare 3 c');
  await page.keyboard.press('c');
  await page.waitForURL('**/-/compare?specs=*,*,*');
  await settled(page);
  assert.equal(await page.locator('.diff thead th').count(), 3);
  assert.match(await page.locator('main header').innerText(), /lines? differs?, \d+ are the same/);
  await page.goBack();
  await page.waitForURL(`**${zlib}`);
  await settled(page);
  await page.waitForFunction(() => document.querySelectorAll('.specs input:checked').length === 3);
  // Six fit; a seventh is refused with a word.
  for (const box of (await page.locator('.pick').all()).slice(3, 7)) await box.click();
  await said('6 specs fit side by side');
  assert.equal(await page.locator('.specs input:checked').count(), 6);
});

test('specs stand side by side, and what stands apart is marked', async () => {
  await visit(page, compare(hashes[1], hashes[2], hashes[3]));
  const line = (name) => page.locator('.diff tbody tr', { has: page.locator('th', { hasText: new RegExp(`^${name}$`) }) });
  assert.deepEqual(await line('target').locator('td').allTextContents(), ['differs: x86_64_v4', 'zen2', 'zen2']);
  assert.deepEqual(await line('os').locator('td').evaluateAll((cells) => cells.map((cell) => cell.className)), ['', '', 'odd']);
  assert.equal(await line('version').count(), 0, 'what is equal is folded');
  const fold = page.locator('.fold button');
  assert.match(await fold.innerText(), /lines are the same in all 3/);
  await fold.click();
  assert.equal(await fold.getAttribute('aria-expanded'), 'true');
  assert.deepEqual(await line('version').locator('td').allTextContents(), ['1.3.1']);
  // Another base, and one less.
  await page.getByRole('link', { name: `make base /${hashes[3].slice(0, 7)}` }).click();
  await page.waitForURL(`**${compare(hashes[3], hashes[1], hashes[2])}`);
  await page.getByRole('link', { name: `take out /${hashes[2].slice(0, 7)}` }).click();
  await page.waitForURL(`**${compare(hashes[3], hashes[1])}`);
  await page.waitForFunction(() => document.querySelectorAll('.diff thead th').length === 2);
});

test('a comparison says what it lacks', async () => {
  for (const [path, words] of [
    ['/m/several/-/compare', /Specs stand here side by side/],
    [compare(hashes[0]), /is alone/],
    ['/m/several/-/compare?specs=zzzzzzz', /no spec whose hash begins with \/zzzzzzz/],
    [`${compare(hashes[0])}&with=zzzzzzz`, /Paste what spack spec --json prints/],
    ['/m/several/-/compare?specs=!!,1', /Specs stand here side by side/],
    ['/m/sevral/-/compare?specs=abc', /There is no mirror sevral/],
  ]) {
    await visit(page, path);
    assert.match(await page.locator('main').innerText(), words, path);
    assert.deepEqual(page.problems, []);
  }
});

/** Pastes into the field, and compares. */
async function paste(text) {
  await page.getByLabel('Your spec as JSON, or its hash').fill(text);
  await page.getByRole('button', { name: 'Compare with mine' }).click();
}

/** The sample's curl, with one of its packages changed and new hashes from there up. */
async function curlWith(package_, change) {
  const document = JSON.parse((await unsignedPackage('curl')).file);
  const { nodes } = document.spec;
  const node = nodes.find(({ name }) => name === package_);
  change(node);
  const above = [node.hash];
  for (const hash of above) {
    for (const other of nodes) {
      if (other.dependencies?.some((edge) => edge.hash === hash) && !above.includes(other.hash)) above.push(other.hash);
    }
  }
  return above.reduce((text, hash) => text.replaceAll(hash, hash.slice(1) + hash[0]), JSON.stringify(document));
}

test('a pasted spec is answered with the first package whose own fields differ', async () => {
  const curl = (await larder.send('GET', '/api/v1/mirrors/several/specs?package=curl')).items[0].hash;
  await visit(page, compare(curl));
  await paste(await curlWith('zlib', (node) => (node.version = '1.3.2')));
  await page.locator('.verdict').waitFor();
  assert.match(await page.locator('.verdict').innerText(), /^Not fetched because of zlib \(curl.* \^zlib\): you want version 1\.3\.2, the mirror has 1\.3\.1\.$/);
  await page.locator('.diff thead th', { hasText: 'yours' }).waitFor();
  await paste(await curlWith('curl', (node) => (node.parameters.nghttp2 = !node.parameters.nghttp2)));
  await page.waitForFunction(() => /Not fetched because of curl itself: you want [+~]nghttp2, the mirror has [+~]nghttp2\./.test(document.querySelector('.verdict')?.textContent));
  await paste((await unsignedPackage('curl')).file);
  await page.waitForFunction(() => /Nothing differs: the mirror has this spec/.test(document.querySelector('.verdict')?.textContent));
  await page.getByRole('button', { name: 'Forget mine' }).click();
  await page.locator('.verdict').waitFor({ state: 'detached' });
  assert.deepEqual(page.problems, []);
});

test('without a base the nearest spec is found; a mirror without the package says so', async () => {
  await visit(page, '/m/several/-/compare');
  const { file } = await unsignedPackage('zlib');
  const wanted = JSON.parse(file);
  wanted.spec.nodes[0].arch.platform_os = 'rhel9';
  wanted.spec.nodes[0].arch.target = 'zen2';
  wanted.spec.nodes[0].compiler.version = '11.5.0';
  wanted.spec.nodes[0].hash = 'a'.repeat(32);
  await paste(JSON.stringify(wanted));
  await page.waitForURL(`**/-/compare?specs=${hashes[3].slice(0, 12)}`);
  await page.locator('.verdict').waitFor();
  assert.match(await page.locator('.verdict').innerText(), /you want compiler gcc@11\.5\.0, the mirror has gcc@11\.4\.0/);
  await visit(page, '/m/user-environment/-/compare');
  wanted.spec.nodes[0].name = 'zlib-ng';
  await paste(JSON.stringify(wanted));
  await page.waitForFunction(() => /has no zlib-ng at all/.test(document.querySelector('.verdict')?.textContent));
});

test('a hash is compared too, and what cannot be read says why', async () => {
  await visit(page, compare(hashes[1]));
  await paste(`/${hashes[2]}`);
  await page.waitForURL('**&with=*');
  await page.locator('.verdict').waitFor();
  assert.match(await page.locator('.verdict').innerText(), /you want target zen2, the mirror has x86_64_v4/);
  for (const [text, words] of [['{"spec": 1', /The JSON goes wrong in line/], ['hdf5 +mpi', /neither JSON nor a hash/], ['[]', /Spack found no such spec/], [' ', /Nothing was pasted/]]) {
    await paste(text);
    await page.locator('#mine-problem').waitFor();
    assert.match(await page.locator('#mine-problem').innerText(), words);
  }
});

test('what runs on the reader\'s machine is marked everywhere, once it is known', async () => {
  await visit(page, zlib);
  assert.equal(await page.locator('.fits').count(), 0);
  await page.locator('main h1').focus();
  await page.keyboard.press('h');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What spack arch prints there').fill('zen3');
  await page.keyboard.press('Enter');
  await dialog.getByRole('alert').waitFor();
  await dialog.getByLabel('What spack arch prints there').fill('linux-debian12-zen3\n');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.querySelectorAll('.cover .fits').length === 2);
  assert.match(await page.locator('main header').innerText(), /4 fit debian12 zen3/);
  assert.equal(await page.locator('.specs .chip.fits').count(), 4);
  await visit(page, `/m/several/-/specs/${hashes[1]}?install=spack-0.23`);
  await page.getByRole('dialog').getByText(/does not fit debian12 zen3: it was built for x86_64_v4/).waitFor();
  await visit(page, `/m/several/-/specs/${hashes[2]}?install=spack-0.23`);
  await page.getByRole('dialog').getByText('It runs on debian12 zen3').waitFor();
  await visit(page, zlib);
  await page.locator('#machine-button').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.fits').length === 0);
});

test('the install dialog tells six ways, each with its own URL', async () => {
  await visit(page, '/m/user-environment');
  await page.getByRole('link', { name: /Other ways/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('tab', { name: 'OCI' }).waitFor();
  assert.equal(await dialog.getByRole('tab', { selected: true }).innerText(), 'OCI');
  await dialog.getByText(/OCI over https, and this Larder is at http/).waitFor();
  await page.keyboard.press('Tab');
  await dialog.getByRole('tab', { name: 'OCI' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForURL('**?install=stackinator');
  assert.equal(await dialog.locator('pre').innerText(), `buildcache:\n  name: user-environment\n  url: ${larder.url}/mirrors/user-environment\n  signed: false\n`);
  await dialog.getByRole('button', { name: 'Copy mirrors.yaml' }).click();
  assert.match(await clipboard(page), /^buildcache:\n/);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.waitForURL('**/m/user-environment');
  await visit(page, `${pages.package}?install=github-actions`);
  await dialog.locator('pre', { hasText: 'spack install hdf5' }).waitFor();
  await page.keyboard.press('Escape');
  await page.waitForURL(`**${pages.package}`);
  assert.deepEqual(page.problems, []);
});

test('dependencies are drawn as a graph that the keyboard walks', async () => {
  await visit(page, '/m/several/-/packages/openssl');
  await page.locator('.specs .row-link').first().click();
  await page.waitForURL('**/specs/*');
  await settled(page);
  await page.keyboard.press('t');
  await page.waitForURL('**?view=graph');
  await page.locator('.graph .node').first().waitFor();
  const drawn = await page.locator('.graph .node').count();
  await page.getByRole('button', { name: 'build', exact: true }).click();
  await page.waitForFunction((before) => document.querySelectorAll('.graph .node').length > before, drawn);
  await page.locator('.graph .root').focus();
  const here = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
  assert.match(await here(), /^openssl@3\.3\.1, needs \d+, needed by 0$/);
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => !document.activeElement?.getAttribute('aria-label')?.startsWith('openssl'));
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label')?.startsWith('openssl'));
  const zoom = () => page.locator('.graph .zoom').innerText().then(parseFloat);
  const fitting = await zoom();
  await page.keyboard.press('-');
  await page.waitForFunction((before) => parseFloat(document.querySelector('.graph .zoom').textContent) < before, fitting);
  await page.keyboard.press('+');
  await page.waitForFunction((before) => parseFloat(document.querySelector('.graph .zoom').textContent) === before, fitting);
  await page.keyboard.press('0');
  await page.locator('a.node').first().focus();
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => !url.search.includes('view=graph'));
  assert.deepEqual(page.problems, []);
});

test('the graph is dragged, and a press that does not move opens a package', async () => {
  const hdf5 = (await larder.send('GET', '/api/v1/mirrors/user-environment/specs?package=hdf5')).items[0].hash;
  await visit(page, `/m/user-environment/-/specs/${hdf5}?view=graph`);
  await page.locator('.graph .node').first().waitFor();
  while (await page.locator('.graph .zoom').innerText() !== '200 %') await page.getByRole('button', { name: 'Larger' }).click();
  const frame = page.locator('.graph-frame');
  const place = () => frame.evaluate((element) => [element.scrollLeft, element.scrollTop]);
  await frame.evaluate((element) => element.scrollTo(0, 0));
  const node = await page.locator('a.node').first().boundingBox();
  await page.mouse.move(node.x + 20, node.y + 10);
  await page.mouse.down();
  await page.mouse.move(node.x - 100, node.y - 30, { steps: 4 });
  const [left] = await place();
  assert.equal(left, 120);
  await page.mouse.up();
  await page.waitForTimeout(50);
  assert.match(page.url(), /view=graph$/, 'the end of a drag opens nothing');
  const seen = await page.locator('a.node').first().boundingBox();
  await page.mouse.click(seen.x + 20, seen.y + 10);
  await page.waitForURL((url) => url.pathname.includes('/specs/') && !url.search.includes('view=graph'));
  assert.deepEqual(page.problems, []);
});

test('a spec has an environment that installs it', async () => {
  await visit(page, '/m/user-environment/-/specs/slmgyj5?install=environment');
  const dialog = page.getByRole('dialog');
  await dialog.locator('pre').waitFor();
  assert.equal(
    await dialog.locator('pre').innerText(),
    `spack:\n  specs:\n  - hdf5/slmgyj5v4fo4y6wdzwfhnokekfbduvnn\n  mirrors:\n    user-environment:\n      url: ${larder.url}/mirrors/user-environment\n      signed: false\n`,
  );
  assert.match(await dialog.innerText(), /spack -e \. install --cache-only/);
  await page.keyboard.press('Escape');
});

test('the files of a tarball are listed, and the spec is exported', async () => {
  await visit(page, '/m/several/-/specs/5uey7tj');
  await page.getByRole('link', { name: /List what is in the tarball, 49\.1 kB/ }).click();
  await page.waitForURL('**?show=files');
  await page.locator('.contents tbody tr.row').first().waitFor();
  const listed = await page.locator('.contents').innerText();
  assert.match(listed, /bin\/openssl/);
  for (const [name, end, check] of [
    ['CycloneDX 1.5', 'openssl-3.3.1-5uey7tj.cdx.json', (document) => assert.equal(document.bomFormat, 'CycloneDX')],
    ['SPDX 2.3', 'openssl-3.3.1-5uey7tj.spdx.json', (document) => assert.equal(document.spdxVersion, 'SPDX-2.3')],
  ]) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
    assert.equal(download.suggestedFilename(), end);
    check(JSON.parse(await readFile(await download.path(), 'utf8')));
  }
  assert.deepEqual(page.problems, []);
});

test('a long table holds only the rows around the view', async () => {
  await larder.createMirror({ name: 'long' });
  await larder.pushChanged('long', 'bzip2', Array.from({ length: 260 }, (_, index) => (root) => (root.version = `1.0.${index}`)));
  await visit(page, '/m/long/-/packages/bzip2');
  const table = page.locator('.specs');
  assert.equal(await table.getAttribute('aria-rowcount'), '261');
  assert.ok((await rows().count()) < 150, `${await rows().count()} rows`);
  await page.locator('.eras').scrollIntoViewIfNeeded();
  await page.waitForFunction(() => [...document.querySelectorAll('.specs tbody tr.row')].some((row) => row.textContent.includes('1.0.0')));
});
