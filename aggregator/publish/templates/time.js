(function () {
  function two(number) { return String(number).padStart(2, "0"); }
  document.querySelectorAll("time").forEach(function (element) {
    var moment = new Date(element.dateTime);
    if (isNaN(moment)) { return; }
    element.title = element.textContent + " UTC";
    element.textContent = [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())].join("-") +
      " " + two(moment.getHours()) + ":" + two(moment.getMinutes());
  });
  document.querySelectorAll("[data-zone]").forEach(function (element) { element.textContent = element.dataset.zone; });
})();
