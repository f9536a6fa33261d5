'use strict';

// What the site generator made of each post, for the test to compare.
const parent = category => hexo.model('Category').findById(category.parent);

const facts = post => ({
  path: post.path,
  title: post.title,
  categories: post.categories.map(category => [category.name, category.parent ? parent(category).name : null]),
  headimg: post.headimg,
  author: post.author,
  comments: post.comments,
  date: post.date.toISOString(),
  thumbnail: post.thumbnail,
  link: post.link,
  id: post.id,
  updated: post.updated.toISOString(),
  tags: post.tags.map(tag => tag.name),
  also_in: post.also_in,
  via: post.via,
  content: post.content,
  excerpt: post.excerpt,
  keys: Object.keys(post)
});

hexo.extend.generator.register('facts', site => ({
  path: 'facts.json',
  data: JSON.stringify(site.posts.map(facts))
}));
