const NAME = "mycel.welcomed";

/** Whether this tab has shown the first visit's page: from then on the overview is the overview, whatever the node has. */
export const welcomed = {
  get: () => sessionStorage.getItem(NAME) !== null,
  set: () => sessionStorage.setItem(NAME, "yes"),
};
